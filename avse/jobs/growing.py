"""Text files that grow line by line, by path or by URL, so that a killed run leaves what it had."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from avse.jobs import urls
from avse.jobs.places import Place

PUT_EVERY_S = 30.0
"""Object stores cannot append to a file: it is put again as a whole, no more often than this."""


class Growing(Protocol):
    """Takes text at its end."""

    def write(self, text: str) -> None:
        """Add whole lines."""
        ...


class LocalText:
    """A file that is appended to, each text by one system call."""

    def __init__(self, path: Path) -> None:
        """Name it."""
        self._path = path

    def write(self, text: str) -> None:
        """Add whole lines.

        Raises:
            OSError: the file cannot be written.
        """
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text)


class UrlText:
    """A file that is kept here and put as a whole from time to time."""

    def __init__(self, url: str, content: str) -> None:
        """Name it; `content` is what it holds so far."""
        self._url, self._parts, self._is_put = url, [content], True
        self._put_s = time.monotonic()

    def write(self, text: str) -> None:
        """Add whole lines; errors as of `put`."""
        self._parts.append(text)
        self._is_put = False
        if time.monotonic() - self._put_s >= PUT_EVERY_S:
            self.put()

    def put(self) -> None:
        """Put the file, unless nothing was added.

        Raises:
            MediaError: it cannot be written.
        """
        if not self._is_put:
            urls.write_bytes(self._url, "".join(self._parts).encode())
        self._put_s, self._is_put = time.monotonic(), True


@contextmanager
def growing(place: Place) -> Iterator[Growing]:
    """Give what takes text at the end of a file, which is whole when the block ends, however it ends.

    Raises:
        MediaError: a place at a URL cannot be read or written.
    """
    if isinstance(place, Path):
        yield LocalText(place)
        return
    text = UrlText(place, read_text(place))
    try:
        yield text
    finally:
        text.put()


def read_text(place: Place) -> str:
    """The whole text, what is none in UTF-8 replaced; empty where there is no file.

    Raises:
        MediaError: a place at a URL cannot be read.
    """
    try:
        content = place.read_bytes() if isinstance(place, Path) else urls.read_bytes(place)
    except OSError:
        content = None
    return (content or b"").decode("utf-8", "replace")
