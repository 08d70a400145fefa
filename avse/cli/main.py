"""The command `avse`: one entry to all commands, `avse enhance` for `avse-enhance`."""

import argparse
import importlib
import sys

from avse.cli.parser import CommandParser

COMMANDS = {
    "enhance": "make speech clean with the help of the speaker's video",
    "score": "score enhanced speech against clean speech",
    "live": "make speech clean while it is spoken",
    "faces": "list the faces of a video",
    "sync": "estimate how late a video comes after its audio",
    "models": "list the installed models, their cards, licences and checksums",
    "demo": "show a web page to enhance recordings in",
    "embed": "embed videos by a VATT, and search them",
    "export": "write a causal model as ONNX graphs",
    "serve": "enhance files and calls for others, over HTTP and WebSocket",
    "completion": "print the completion of all commands for a shell",
}
"""Subcommands, each in `avse/cli/NAME.py`, with what they do."""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        The exit code of the subcommand; 2 if there is no such.
    """
    given = sys.argv[1:] if argv is None else argv
    name, rest = given[:1], given[1:]
    if name and name[0] in COMMANDS:
        command = importlib.import_module(f"avse.cli.{name[0]}")
        code: int = command.main(rest)
        return code
    _parser().parse_args(name)
    return 2


def _parser() -> argparse.ArgumentParser:
    lines = [f"  {name:12s}{what}" for name, what in COMMANDS.items()]
    parser = CommandParser(
        prog="avse",
        description="Audio-visual speech enhancement.",
        epilog="\n".join(["commands (avse COMMAND --help says more; avse-COMMAND is the same):", *lines, ""]),
    )
    parser.add_argument("command", choices=list(COMMANDS), metavar="COMMAND", help="one of those below")
    return parser


if __name__ == "__main__":
    sys.exit(main())
