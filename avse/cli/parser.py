"""The parser of all commands: `--version`, exit codes in the help, and advice on what was mistyped."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from avse._version import __version__
from avse.errors import did_you_mean

EXIT_CODES = """exit codes:
  0 all done    1 some file failed, the others were done    2 wrong usage    130 stopped by Ctrl-C
"""


class CommandParser(argparse.ArgumentParser):
    """An `argparse` parser with the habits that all commands share."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take the arguments of `argparse.ArgumentParser`; the epilog gets the exit codes."""
        options["epilog"] = f"{options.get('epilog') or ''}\n{EXIT_CODES}".lstrip()
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **options)
        self.add_argument("--version", action="version", version=f"{self.prog} {__version__}")

    def error(self, message: str) -> NoReturn:
        """Print usage and one line that says what was meant, and exit with 2."""
        words = message.split()
        if message.startswith("unrecognized arguments:"):
            message += self._advice(next((word for word in words if word.startswith("-")), ""))
        elif ": invalid choice: " in message:
            wrong, *known = re.findall(r"'([^']+)'", message.partition(": invalid choice: ")[2]) or [""]
            message += did_you_mean(wrong, known)
        super().error(message)

    def _advice(self, word: str) -> str:
        known = [option for action in self._actions for option in action.option_strings]
        return did_you_mean(word.partition("=")[0], known)


def check_names(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> None:
    """End with wrong usage where a file whose name begins with a dash would be taken for an option.

    Args:
        parser: of the command.
        argv: arguments without the program's name; those of the process by default.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    for word in given[: given.index("--")] if "--" in given else given:
        if word.startswith("-") and len(word) > 1 and _is_file(word):
            parser.error(
                f"a name that begins with a dash must stand after -- but {word} does not; "
                f"write -- {word} last, or ./{word}"
            )


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):  # no name that a file can have
        return False
