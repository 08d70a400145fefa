"""`-` for standard input and output: a scratch folder's files stand for them."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from avse.cli.command import say_file
from avse.errors import InputError

DASH = Path("-")


def is_piped(options: argparse.Namespace) -> bool:
    """True if the input or the output is a standard stream."""
    return DASH in (*options.inputs, options.output)


@contextlib.contextmanager
def piped(options: argparse.Namespace) -> Iterator[None]:
    """Read standard input before the block and write standard output after it; results are printed on standard error.

    Args:
        options: of `avse-enhance`; its `inputs` and `output` become files.

    Raises:
        InputError: several inputs, or nothing was sent.
    """
    if not is_piped(options):
        yield
        return
    from avse.media.output import scratch_folder

    if len(options.inputs) > 1 or options.inputs[0].is_dir():
        raise InputError("- must stand with one input but there are several; enhance them without -")
    with scratch_folder() as folder:
        to_stdout = options.output == DASH or (options.output is None and options.inputs == [DASH])
        if options.inputs == [DASH]:
            options.inputs = [_from_stdin(folder / "stdin.wav")]
        if not to_stdout:
            yield
            return
        options.output = folder / "stdout.wav"
        with contextlib.redirect_stdout(sys.stderr):
            yield
        if options.output.is_file():
            say_file(options.output)


def _from_stdin(path: Path) -> Path:
    content = sys.stdin.buffer.read()
    if not content:
        raise InputError("standard input must hold audio but is empty; send a wav file")
    path.write_bytes(content)
    return path
