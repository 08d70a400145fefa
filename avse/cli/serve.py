"""The command `avse-serve`: enhancement as a service, files over HTTP and calls over WebSocket."""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from avse.cli.command import add_verbosity, as_usage, run
from avse.cli.config_file import add_config
from avse.cli.parser import CommandParser
from avse.errors import MissingExtraError
from avse.models.pretrained import DEFAULT_MODEL

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from avse.server.config import ServerConfig

EPILOG = """examples:
  avse-serve                                         on this machine alone: http://127.0.0.1:8117
  AVSE_TOKEN=secret avse-serve --host 0.0.0.0        for others, who send the token
  curl --data-binary @talk.mp4 'http://127.0.0.1:8117/v1/files?name=talk.mp4'
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 the server was stopped, 1 it failed, 2 wrong usage, or the address is taken.
    """
    return run(_parser(), _serve, argv)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-serve", description="Enhance files and calls for others, over HTTP and WebSocket.", epilog=EPILOG
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on; others than this machine's need a token (default: "
        "127.0.0.1)")  # fmt: skip
    add("--port", type=int, default=8117, help="TCP port; 0 takes a free one (default: 8117)")
    add("--token", help="what clients must send as Authorization: Bearer TOKEN (default: AVSE_TOKEN, where nobody else "
        "of this machine can read it)")  # fmt: skip
    add("--folder", type=Path, help="where uploads and results lie until they are deleted (default: a temporary one)")
    add("--model", help=f"a causal model: name, weights or ONNX graph (default: {DEFAULT_MODEL})")
    add("--workers", type=int, default=1, help="files enhanced at the same time (default: 1)")
    add("--max-queued", type=int, default=100, help="files that may wait (default: 100)")
    add("--max-upload-mb", type=float, default=2048.0, help="largest file, MB (default: 2048)")
    add("--keep-s", type=float, default=3600.0, help="delete results after so long (default: 3600)")
    add("--max-streams", type=int, default=8, help="calls at the same time (default: 8)")
    add_config(parser)
    add_verbosity(parser)
    return parser


def _serve(options: argparse.Namespace) -> int:
    with as_usage():
        try:
            import fastapi  # noqa: F401 - asked for before anything is loaded
            import uvicorn
        except ModuleNotFoundError as error:
            raise MissingExtraError(f"avse-serve needs {error.name}; pip install 'avse[server]'") from None
        from avse.cli.listen import listen_on
        from avse.media.output import scratch_folder

    with scratch_folder() as scratch:
        with as_usage():
            config = _config(options, scratch)
            socket = listen_on(config.host, config.port)
            from avse.server.app import create_app

            app = create_app(config)
        host, port = socket.getsockname()[:2]
        if not options.quiet:
            print(f"avse-serve: http://{host}:{port}, stop with Ctrl-C", file=sys.stderr, flush=True)
        level = "info" if options.verbose else "warning"
        with contextlib.suppress(KeyboardInterrupt):  # its normal end, which uvicorn passes on once all is closed
            uvicorn.Server(settings_of(app, config, log_level=level)).run(sockets=[socket])
    return 0


def settings_of(app: "FastAPI", config: "ServerConfig", *, log_level: str) -> "uvicorn.Config":
    """How the application is served.

    What a stream sends too fast waits in the client: uvicorn stops reading from a connection while messages of it wait,
    and with an older protocol of the package websockets while `ws_max_queue` do.

    Args:
        app: to serve.
        config: its limits.
        log_level: of uvicorn.
    """
    import uvicorn

    return uvicorn.Config(
        app, log_level=log_level, ws_max_size=config.max_message_bytes, ws_max_queue=8, timeout_graceful_shutdown=5,
        server_header=False,
    )  # fmt: skip


def _config(options: argparse.Namespace, scratch: Path) -> "ServerConfig":
    from avse.server.config import ServerConfig

    return ServerConfig(
        folder=(options.folder or scratch) / "files", host=options.host, port=options.port,
        token=options.token or os.environ.get("AVSE_TOKEN"), model=options.model or DEFAULT_MODEL,
        n_workers=options.workers, max_queued=options.max_queued, max_upload_mb=options.max_upload_mb,
        keep_s=options.keep_s, max_streams=options.max_streams,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
