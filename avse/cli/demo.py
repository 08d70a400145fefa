"""The command `avse-demo`: a local web page to enhance recordings in."""

import argparse

from avse.cli.command import add_verbosity, as_usage, log, run, say
from avse.cli.config_file import add_config
from avse.cli.parser import CommandParser
from avse.models.pretrained import DEFAULT_MODEL

EPILOG = """examples:
  avse-demo                             open http://127.0.0.1:7860/ in a browser; Ctrl-C ends it
  avse-demo --port 8000 --open          on another port, opened in the browser
  avse-demo --max-duration-s 3600       for recordings of up to an hour
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 after Ctrl-C, 2 wrong usage, or an extra, a model or a port that is not there.
    """
    return run(_parser(), _demo, argv)


def _parser() -> argparse.ArgumentParser:
    from avse.demo.settings import DemoSettings

    parser = CommandParser(
        prog="avse-demo",
        description="Show a web page on this machine: drop a video, choose a face, compare before and after.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("--host", default=DemoSettings.host, help="address to listen at; any other lets other machines "
        "use the page, without encryption or a password (default: 127.0.0.1)")  # fmt: skip
    add("--port", type=int, default=DemoSettings.port, help="TCP port, 0 for a free one (default: 7860)")
    add("--open", action="store_true", help="open the page in the browser")
    add("--model", help=f"a name that avse-models lists, a file of weights or an ONNX graph (default: {DEFAULT_MODEL})")
    add("--detector", default=DemoSettings.detector, metavar="NAME_OR_FILE", help="finds faces: cascade, blazeface, "
        "auto, or a file as of avse-enhance (default: auto)")  # fmt: skip
    add("--max-upload-mb", type=int, default=DemoSettings.max_upload_mb, help="largest file (default: 500)")
    add("--max-duration-s", type=float, default=DemoSettings.max_duration_s, help="longest recording (default: 600)")
    add_config(parser)
    add_verbosity(parser)
    return parser


def _demo(options: argparse.Namespace) -> int:
    from avse.demo.settings import LOOPBACK, DemoSettings
    from avse.extras import require

    with as_usage():
        settings = DemoSettings(
            host=options.host, port=options.port, max_upload_mb=options.max_upload_mb,
            max_duration_s=options.max_duration_s, model=options.model, detector=options.detector,
        )  # fmt: skip
        require("demo", thing="the page")
        from avse.cli.listen import listen_on
        from avse.demo.site import serve

        if options.host != LOOPBACK:
            log.warning("other machines can use the page, without encryption or a password")

        def ready(address: str) -> None:
            say(address)
            if options.open:
                import webbrowser

                webbrowser.open(address)

        serve(settings, listen_on(settings.host, settings.port), ready=ready)
    return 0


def entry() -> None:
    """Run as a module."""
    raise SystemExit(main())


if __name__ == "__main__":
    entry()
