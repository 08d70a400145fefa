"""Writing files so that nobody ever sees half of one: beside the place, then renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avse.errors import MediaError


@contextmanager
def beside(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary path in the same folder, and rename it to `path` when all went well.

    On any exception the temporary file is removed and `path` is as it was. Missing folders are made. The temporary
    name keeps the suffix, by which many writers choose the format.

    Args:
        path: the file to write.
        force: replace a file that exists.

    Yields:
        A path to write to; nothing exists there yet.

    Raises:
        MediaError: `path` exists and may not be replaced, is a folder, or cannot be written.
    """
    check_output(path, force=force)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        # Opening it now names the user's path in the error, before any work is done.
        temporary.touch()
        temporary.unlink()
        yield temporary
        temporary.replace(path)
    except PermissionError as error:
        raise MediaError(
            f"output {path} must be writable but is not ({error.strerror}); choose another place"
        ) from None
    except OSError as error:
        if error.filename is None or Path(str(error.filename)) != temporary:
            raise
        raise MediaError(
            f"output {path} must be writable but is not ({error.strerror}); choose another place"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def check_output(path: Path, *, force: bool = False) -> None:
    """Make sure that a file may be written, before any work is done for it; make its folder.

    Args:
        path: the file to write.
        force: a file there may be replaced.

    Raises:
        MediaError: it exists and may not be replaced, is a folder, or its folder cannot be made or written.
    """
    if path.is_dir():
        raise MediaError(f"output {path} must be a file but is a folder; add a file name")
    if path.exists() and not force:
        raise MediaError(f"output {path} must not exist but does; use --force to replace it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(
            f"output folder {path.parent} cannot be made ({error.strerror}); choose another place"
        ) from None
    if not os.access(path.parent, os.W_OK):
        raise MediaError(f"output folder {path.parent} must be writable but is not; choose another place")
