"""The command that every corpus' `egs/*/prepare.py` is: check the data, write the manifest."""

import sys
from collections.abc import Callable
from pathlib import Path

from avse.data.manifest import Item, write_manifest
from avse.errors import AvseError


def prepare_command(argv: list[str], *, usage: str, check: Callable[[], str], items: Callable[[], list[Item]]) -> int:
    """Run `check`, or `manifest OUT`.

    Args:
        argv: arguments without the program's name.
        usage: printed for anything else.
        check: validates that all is there, and says what was found.
        items: all recordings of the corpus.

    Returns:
        Exit code: 0 done, 1 something is wrong with the data, 2 wrong usage.
    """
    try:
        if argv == ["check"]:
            sys.stdout.write(check() + "\n")
        elif argv[:1] == ["manifest"] and len(argv) == 2:
            write_manifest(Path(argv[1]), items())
        else:
            sys.stderr.write(usage)
            return 2
    except AvseError as error:
        sys.stderr.write(f"prepare: error: {error}\n")
        return 1
    return 0
