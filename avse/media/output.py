"""Writing files atomically, so that nobody ever sees half of one."""

import errno
import importlib
import os
import re
import secrets
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from avse.errors import MediaError

fcntl: Any = None if sys.platform == "win32" else importlib.import_module("fcntl")

OLD_S = 86400.0
"""Age from which on a leftover is removed where it cannot be known whether its writer still runs."""
JUST_BEGUN_S = 3.0
"""An empty file or folder this young may belong to a process that has not locked it yet. That takes no time, but clocks
of file servers differ."""
LONGEST_NAME = 255
"""Bytes that file systems take for a name."""
SCRATCH = "avse-"
"""How temporary folders begin."""
LONG_LISTING = 1000
"""Entries of a folder from which on its listing is used again."""
LISTED_S = 60.0
"""For so long."""
_LOCK = "lock"
_LISTED: dict[Path, tuple[float, list[str]]] = {}
"""The last long listing of this process."""


@contextmanager
def atomic_write(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary path in the same folder, and rename it to `path` when all went well.

    On any exception the temporary file is removed and `path` is as it was. Missing folders are made. The temporary
    name is hidden and keeps the suffix, by which many writers choose the format. What a killed process left for the
    same `path` is removed first. A file that is replaced gives its permissions to the new one.

    Args:
        path: the file to write.
        force: replace a file that exists.

    Yields:
        A path to write to; an empty file is there.

    Raises:
        MediaError: `path` exists and may not be replaced, is a folder, or cannot be written.
    """
    check_output(path, force=force)
    temporary = path.with_name(f".{_temporary_stem(path)}.{secrets.token_hex(4)}{path.suffix}")
    try:
        _remove_leftovers(path)
        with _created(temporary):
            mode = _mode_of(path)
            yield temporary
            if mode is not None:
                temporary.chmod(mode)
            _put(temporary, path, force=force)
    except FileExistsError:
        raise MediaError(f"output {path} must not exist but does; allow it to be replaced, or name another") from None
    except PermissionError as error:
        raise MediaError(
            f"output {path} must be writable but is not ({error.strerror}); choose another place"
        ) from None
    except OSError as error:
        if error.errno != errno.ENOSPC and (error.filename is None or Path(str(error.filename)) != temporary):
            raise
        raise MediaError(
            f"output {path} must be writable but is not ({error.strerror}); choose another place"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_output(path: Path, *, force: bool = False) -> None:
    """Validate that a file may be written, before any work is done for it; make its folder.

    Args:
        path: the file to write.
        force: a file there may be replaced.

    Raises:
        MediaError: it exists and may not be replaced, is no regular file, has too long a name, or its folder cannot
            be made or written.
    """
    try:
        kind = path.stat().st_mode if path.exists() else None
    except OSError as error:
        raise MediaError(f"output {path} cannot be written ({error.strerror}); choose a shorter name") from None
    if kind is not None and stat.S_ISDIR(kind):
        raise MediaError(f"output {path} must be a file but is a folder; add a file name")
    if kind is not None and not force:
        raise MediaError(f"output {path} must not exist but does; allow it to be replaced, or name another")
    if kind is not None and not stat.S_ISREG(kind):
        raise MediaError(f"output {path} must be a regular file but is a device or pipe; choose another name")
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise MediaError(f"output {path} cannot be written (File name too long); choose a shorter name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(
            f"output folder {path.parent} cannot be made ({error.strerror}); choose another place"
        ) from None
    if not os.access(path.parent, os.W_OK):
        raise MediaError(f"output folder {path.parent} must be writable but is not; choose another place")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that is removed at the end; those of killed processes are removed first."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        if folder.is_dir() and not folder.is_symlink():
            _remove_scratch(folder)
    prefix = f"{SCRATCH}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        lock = Path(name) / _LOCK
        with _created(lock):
            lock.write_text("locked")  # who finds it without a lock knows that there was one
            yield Path(name)


def is_hidden(path: Path) -> bool:
    """True for files that are no input of anybody's: hidden ones, `._` files, and what a killed process left."""
    return path.name.startswith(".")


def _temporary_stem(path: Path) -> str:
    stem, longest = path.stem, LONGEST_NAME - len(os.fsencode(path.suffix)) - len("..01234567")
    while len(os.fsencode(stem)) > longest:
        stem = stem[:-1]
    return stem


def _remove_leftovers(path: Path) -> None:
    pattern = re.compile(rf"\.{re.escape(_temporary_stem(path))}\.[0-9a-f]{{8}}{re.escape(path.suffix)}")
    with suppress(OSError):
        for name in _hidden_names(path.parent):
            left = path.with_name(name)
            if pattern.fullmatch(name) and left.is_file() and not left.is_symlink() and _is_left(left):
                left.unlink(missing_ok=True)


def _hidden_names(folder: Path) -> list[str]:
    """Names of hidden files; a long listing is used for a minute, for a folder of n outputs would be listed n times."""
    known = _LISTED.get(folder)
    if known is not None and time.monotonic() - known[0] < LISTED_S:
        return known[1]
    n_entries, names = 0, []
    for entry in os.scandir(folder):
        n_entries += 1
        if entry.name.startswith("."):
            names.append(entry.name)
    _LISTED.clear()
    if n_entries > LONG_LISTING:
        _LISTED[folder] = (time.monotonic(), names)
    return names


def _remove_scratch(folder: Path) -> None:
    import shutil

    lock = folder / _LOCK
    with suppress(OSError):
        own = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
        left = _is_left(lock) if lock.is_file() else _is_left_unlocked(folder)
        if own and left:
            shutil.rmtree(folder, ignore_errors=True)


def _is_left_unlocked(folder: Path) -> bool:
    """True if a folder without a lock is old, or was left by a process that ended before it locked or after it did."""
    age_s = time.time() - folder.stat().st_mtime
    maker = re.fullmatch(rf"{SCRATCH}(\d+)-.*", folder.name)
    is_gone = maker is not None and not _runs(int(maker[1])) and not any(folder.iterdir())
    return age_s > OLD_S or (is_gone and age_s > JUST_BEGUN_S)


def _runs(process: int) -> bool:
    """False where it is known that there is no such process."""
    if sys.platform == "win32":  # os.kill would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_left(path: Path) -> bool:
    """True if nobody writes a file any more: its lock went with its writer, or it is old."""
    status = path.stat()
    age_s = time.time() - status.st_mtime
    if fcntl is None:
        return age_s > OLD_S
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return age_s > OLD_S
    return status.st_size > 0 or age_s > JUST_BEGUN_S


@contextmanager
def _created(path: Path) -> Iterator[None]:
    """A new empty file, locked as long as this process works on it."""
    with path.open("xb") as file:
        if fcntl is None:  # Windows renames no open file
            file.close()
        else:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _mode_of(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _put(temporary: Path, path: Path, *, force: bool) -> None:
    """Rename; without `force` never onto a file that came into being meanwhile."""
    if force:
        temporary.replace(path)
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without hard links
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.replace(path)
