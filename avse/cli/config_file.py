"""`--config FILE`: a command's options from a TOML file; what is typed wins over it, and it wins over a preset."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from avse.errors import did_you_mean

OPTION = "--config"
NOT_IN_A_FILE = {"--help", "--version", OPTION}


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option of commands whose options may stand in a file."""
    parser.add_argument(OPTION, action=_Unread, metavar="TOML", help="file of options, such as speaker = \"left\" or "
        "force = true; those that are typed win")  # fmt: skip


def with_config(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> list[str]:
    """The arguments with those of the files that they name in front, so that what is typed comes last and wins.

    Args:
        parser: of the command; ends with wrong usage where a file cannot be read or holds what is no option.
        argv: arguments without the program's name; those of the process by default.

    Returns:
        Arguments without `--config`; as they were if the command has no such option.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    if OPTION not in parser._option_string_actions:
        return given
    n = given.index("--") if "--" in given else len(given)
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument(OPTION, type=Path, action="append", default=[])
    try:
        found, typed = early.parse_known_args(given[:n])
    except argparse.ArgumentError:  # the parser itself says what is wrong
        return given
    kept = [word for path in found.config for word in _arguments(parser, path)]
    return [*kept, *typed, *given[n:]]


class _Unread(argparse.Action):
    """Reached only by an abbreviation of the option: it is not the file's name that is missing."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        parser.error(f"{OPTION} must be written in full; write {OPTION} FILE")


def _arguments(parser: argparse.ArgumentParser, path: Path) -> list[str]:
    import tomllib

    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        parser.error(f"{OPTION} must be a file that can be read but {path} is not ({error.strerror}); name another")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        parser.error(f'{path} must be TOML but is not ({error}); write lines such as speaker = "left"')
    return [word for key, value in table.items() if (word := _argument(parser, path, key, value))]


def _argument(parser: argparse.ArgumentParser, path: Path, key: str, value: object) -> str:
    """One option as it would be typed; empty for one that is off."""
    option = f"--{key.replace('_', '-')}"
    known = {name: action for name, action in parser._option_string_actions.items() if name not in NOT_IN_A_FILE}
    if option not in known:
        advice = did_you_mean(option, known).replace("--", "") or f"; {parser.prog} --help lists them"
        parser.error(f"{path} must hold options of {parser.prog} but holds {key!r}{advice}")
    is_switch = known[option].nargs == 0
    if is_switch != isinstance(value, bool) or not isinstance(value, str | int | float):
        kind = "true or false" if is_switch else "a number or a text in quotes"
        parser.error(f"{key} in {path} must be {kind} but is {value!r}; correct it")
    if not is_switch:
        return f"{option}={value}"
    off = f"--no-{option[2:]}"
    return option if value else off if off in known else ""
