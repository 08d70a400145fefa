"""Files named by a path or by a URL, used alike: fetched into a temporary folder, and put in their place when whole."""

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from avse.errors import AvseError, MediaError
from avse.jobs import urls
from avse.media.made import fingerprint
from avse.media.output import atomic_write, check_output, is_hidden, scratch_folder
from avse.media.suffixes import media_files

if TYPE_CHECKING:
    from avse.types import FloatWaveform


class Url(str):
    """A URL, with the part of `pathlib.Path` that commands use; a path would lose one of its slashes."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The last part of the path."""
        return urls.name_of(self)

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The end of the name from its last dot on."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> "Url":
        """The folder that it lies in."""
        return Url(posixpath.dirname(self.rstrip("/")))

    def __truediv__(self, name: str) -> "Url":
        """A file or folder in this one."""
        return Url(urls.join(self, name))

    def with_name(self, name: str) -> "Url":
        """Another file in the same folder."""
        return self.parent / name

    def is_dir(self) -> bool:
        """True for a folder.

        Raises:
            MediaError: that cannot be found out.
        """
        return urls.kind_of(self) == "directory"

    def is_file(self) -> bool:
        """True for a file; errors as of `is_dir`."""
        return urls.kind_of(self) == "file"

    def exists(self) -> bool:
        """True for either; errors as of `is_dir`."""
        return urls.kind_of(self) is not None


Place = Path | Url
"""Where a file or a folder lies."""


def path_or_url(text: str) -> Place:
    """For argparse."""
    return Url(text) if urls.is_url(text) else Path(text)


def under(root: Place, name: str) -> Place:
    """A file by its path from a root; an absolute path or a URL needs none."""
    if urls.is_url(name):
        return Url(name)
    return Path(name) if Path(name).is_absolute() else root / name


def files_in(folder: Place, suffixes: Iterable[str], *, recursive: bool = False) -> list[Place]:
    """Files of a folder whose names end in one of the suffixes, in order, without hidden ones.

    Args:
        folder: to search.
        suffixes: in lower case, with the dot.
        recursive: search the folders in it, too.

    Raises:
        MediaError: a folder at a URL is missing or cannot be read.
    """
    if isinstance(folder, Url):
        return [Url(url) for url in urls.list_folder(folder, suffixes, recursive=recursive)]
    return list(media_files(folder, suffixes, recursive=recursive))


def all_files(folder: Place) -> list[Place]:
    """All files of a folder in order, without hidden ones; errors as of `files_in`."""
    if isinstance(folder, Url):
        return files_in(folder, ("",))
    return [path for path in sorted(folder.iterdir()) if path.is_file() and not is_hidden(path)]


def name_within(place: Place, folder: Place) -> str:
    """A file's path from a folder that it lies under, with `/` between."""
    if isinstance(place, Path) and isinstance(folder, Path):
        return place.relative_to(folder).as_posix()
    return str(place).removeprefix(f"{str(folder).rstrip('/')}/")


@contextmanager
def on_disk(place: Place) -> Iterator[Path]:
    """Give the file itself, or for the time of the block a copy of what lies at a URL.

    Raises:
        MediaError: it is missing or cannot be read. Errors in the block that name the copy name the URL instead.
    """
    if isinstance(place, Path):
        yield place
        return
    with scratch_folder() as folder:
        path = fetched(place, folder)
        try:
            yield path
        except AvseError as error:
            raise type(error)(str(error).replace(str(path), place)) from None


def fetched(place: Place | str, folder: Path) -> Path:
    """The file itself, or a copy of what lies at a URL; its name stays, for messages and tags.

    Args:
        place: of the file.
        folder: for the copy.

    Raises:
        MediaError: it is missing or cannot be read, or the disk is full.
    """
    if not urls.is_url(str(place)):
        return Path(place)
    path = folder / urls.name_of(str(place))
    with atomic_write(path) as temporary:
        urls.fetch(str(place), temporary)
    return path


@contextmanager
def written(place: Place, *, force: bool = False) -> Iterator[Path]:
    """Give a path to write to, whose file appears in its place when all went well, and is whole then.

    Args:
        place: the file to write.
        force: replace a file that exists.

    Raises:
        MediaError: it exists and may not be replaced, or cannot be written.
    """
    if isinstance(place, Path):
        with atomic_write(place, force=force) as temporary:
            yield temporary
        return
    check_place(place, force=force)
    with scratch_folder() as folder:
        path = folder / place.name
        path.touch()
        yield path
        check_place(place, force=force)
        urls.put(path, place)


def check_place(place: Place, *, force: bool = False) -> None:
    """Validate that a file may be written, before any work is done for it.

    Args:
        place: the file to write.
        force: a file there may be replaced.

    Raises:
        MediaError: it exists and may not be replaced, is a folder, or that cannot be found out.
    """
    if isinstance(place, Path):
        check_output(place, force=force)
    elif (kind := urls.kind_of(place)) == "directory":
        raise MediaError(f"output {place} must be a file but is a folder; add a file name")
    elif kind is not None and not force:
        raise MediaError(f"output {place} must not exist but does; allow it to be replaced, or name another")


def remove(place: Place) -> None:
    """Remove a file; none that is missing.

    Raises:
        MediaError: one at a URL cannot be removed.
    """
    if isinstance(place, Url):
        urls.remove(place)
    else:
        place.unlink(missing_ok=True)


def fingerprint_of(place: Place | None) -> Any:
    """What tells a file from its later versions: name, and size and time or version; None where there is no file.

    Of files at URLs that were just listed it is known without a request for each.

    Raises:
        MediaError: that of a URL cannot be found out.
    """
    return [place.name, urls.identity(place, fresh=False)] if isinstance(place, Url) else fingerprint(place)


def read_audio_of(place: Place) -> "tuple[FloatWaveform, int]":
    """Read all samples, as `avse.media.audio.read_audio` does.

    Returns:
        `(channels, samples)`, full scale ±1, and the sample rate in Hz.

    Raises:
        MediaError: the file is missing or cannot be decoded.
    """
    from avse.media.audio import read_audio  # heavy: help and lists of files need none

    with on_disk(place) as path:
        return read_audio(path)
