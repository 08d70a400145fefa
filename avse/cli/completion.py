"""The command `avse completion`: what a shell needs to complete options and commands, by shtab."""

import argparse
import importlib
import sys

from avse.cli.command import add_verbosity, as_usage, run, say
from avse.cli.parser import CommandParser
from avse.extras import require

EPILOG = """examples:
  avse completion bash > ~/.local/share/bash-completion/completions/avse
  avse completion zsh > ~/.zfunc/_avse
  avse completion bash --of enhance > ~/.local/share/bash-completion/completions/avse-enhance
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 printed, 2 wrong usage or shtab is not installed.
    """
    return run(_parser(), _print, argv)


def _parser() -> argparse.ArgumentParser:
    from avse.cli.main import COMMANDS

    parser = CommandParser(
        prog="avse completion", description="Print the completion of the commands for a shell.", epilog=EPILOG
    )
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    parser.add_argument("--of", choices=list(COMMANDS), help="of avse-NAME (default: of avse and its subcommands)")
    add_verbosity(parser)
    return parser


def _print(options: argparse.Namespace) -> int:
    with as_usage():
        require("completion", thing="avse completion")
    import shtab

    parser = parser_of(options.of) if options.of else _all_commands()
    say(shtab.complete(parser, shell=options.shell), end="")
    return 0


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of a subcommand."""
    parser: argparse.ArgumentParser = importlib.import_module(f"avse.cli.{name}")._parser()
    return parser


def _all_commands() -> argparse.ArgumentParser:
    """One parser whose subcommands have the options of each command."""
    from avse.cli.main import COMMANDS

    parser = argparse.ArgumentParser(prog="avse")
    commands = parser.add_subparsers(parser_class=argparse.ArgumentParser)
    for name, what in COMMANDS.items():
        commands.add_parser(name, help=what, parents=[parser_of(name)], add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
