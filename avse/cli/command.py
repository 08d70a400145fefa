"""What all commands share: streams that cannot fail, a log, and one line and an exit code for every error."""

import argparse
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from avse.cli.advice import with_options
from avse.cli.config_file import with_config
from avse.cli.parser import check_names
from avse.errors import AvseError, MediaError

log = logging.getLogger("avse")


class _StdoutError(Exception):
    """Nobody reads the results any more."""


class UsageError(AvseError):
    """What was typed cannot be done, whatever the files hold; the command ends with 2."""


@contextmanager
def as_usage() -> Iterator[None]:
    """Errors in the block are wrong usage."""
    try:
        yield
    except AvseError as error:
        raise UsageError(str(error)) from error


@contextmanager
def as_usage_unless_media() -> Iterator[None]:
    """Errors in the block are wrong usage, but for those of a media file's content."""
    try:
        yield
    except MediaError:
        raise
    except AvseError as error:
        raise UsageError(str(error)) from error


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """The options that every command has."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-q", "--quiet", action="store_true", help="print errors only: no warnings, no progress")
    group.add_argument("-v", "--verbose", action="store_true", help="log what is done, and tracebacks of faults")


def run(parser: argparse.ArgumentParser, work: Callable[[argparse.Namespace], int], argv: list[str] | None) -> int:
    """Parse the arguments, do the work, and answer every error in one line.

    Args:
        parser: of the command; `add_verbosity` was called for it, or for each of its subcommands.
        work: takes the options and gives the exit code.
        argv: arguments without the program's name; those of the process by default.

    Returns:
        The exit code: of `work`, 2 for wrong usage, 1 for any other error or where standard output is closed or full,
        130 after Ctrl-C.
    """
    _open_streams()
    options = _parsed(parser, argv)
    with _log_to_stderr(parser.prog, options):
        try:
            return work(options)
        except KeyboardInterrupt:
            log.error("stopped; unfinished files were removed")
            return 130
        except UsageError as error:
            log.error("%s", error)
            return 2
        except AvseError as error:
            log.error("%s", error)
            return 1
        except _StdoutError:
            _drop_stdout()
            return 1
        except Exception as error:
            log.error("failed unexpectedly (%s: %s); report it with --verbose", type(error).__name__, error)
            log.debug("traceback", exc_info=True)
            return 1


def _parsed(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    try:
        check_names(parser, argv)
        return parser.parse_args(with_config(parser, argv))
    finally:
        try:
            sys.stdout.flush()  # the help, which nobody may read to its end
        except (OSError, ValueError):
            _drop_stdout()


def show_progress(options: argparse.Namespace) -> bool:
    """True if bars may be drawn: somebody is there to watch them."""
    return not options.quiet and sys.stderr.isatty()


def say(text: object, *, end: str = "\n") -> None:
    """Print a result on standard output, at once; where that is closed or full, the command ends quietly."""
    try:
        print(text, end=end, flush=True)
    except (OSError, ValueError) as error:
        raise _StdoutError from error


def say_file(path: Path) -> None:
    """Copy a file to standard output; where that is closed or full, the command ends quietly."""
    try:
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except (OSError, ValueError) as error:
        raise _StdoutError from error


def visible(text: str) -> str:
    """A text as one line that any terminal can show; what it cannot show, names may hold, is spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


class _OneLine(logging.Formatter):
    """`avse-enhance: error: text`; tracebacks stay as they are."""

    def __init__(self, prog: str) -> None:
        super().__init__()
        self._prog = prog

    def format(self, record: logging.LogRecord) -> str:
        text = f"{self._prog}: {record.levelname.lower()}: {visible(with_options(record.getMessage()))}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


@contextmanager
def _log_to_stderr(prog: str, options: argparse.Namespace) -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(prog))
    before, raising = log.level, logging.raiseExceptions
    log.addHandler(handler)
    log.setLevel(logging.ERROR if options.quiet else logging.DEBUG if options.verbose else logging.WARNING)
    logging.raiseExceptions = False  # a full or closed standard error is nothing to fail for
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        logging.raiseExceptions = raising


def _open_streams() -> None:
    """Let the three standard streams exist, and take any text.

    Where one was closed, the next file to be opened would get its number, and messages of libraries would end in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _drop_stdout() -> None:
    """What is left to print goes nowhere, so that the end of the process finds nothing to complain of."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
