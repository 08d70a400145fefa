"""Inputs by name, by URL, or from a list in a file."""

from collections.abc import Sequence
from pathlib import Path

from avse.cli.command import log
from avse.errors import InputError
from avse.jobs.places import Place, Url, path_or_url


def read_list(path: Path) -> list[Place]:
    """Paths and URLs from a text file, one a line; relative ones start from the current folder.

    Windows line ends and a byte order mark, which would become part of the names, are removed, with a warning.

    Raises:
        InputError: the file is missing, is no text, or is empty.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"list {path} must be readable but is not ({error.strerror}); name another") from None
    except UnicodeDecodeError:
        raise InputError(f"list {path} must be text in UTF-8 but is not; save it as UTF-8") from None
    if "\r" in text or text.startswith("\ufeff"):
        log.warning("list %s has Windows line ends or a byte order mark; they are no part of the names", path)
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    names = [line for line in text.split("\n") if line.strip()]
    if not names:
        raise InputError(f"list {path} must hold paths, one a line, but is empty; add some")
    return [path_or_url(name) for name in names]


def has_urls(inputs: Sequence[Place]) -> bool:
    """True if one of them is a URL."""
    return any(isinstance(one, Url) for one in inputs)
