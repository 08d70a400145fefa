"""Files by URL, such as `s3://bucket/talk.mp4`, through fsspec: listed, fetched and put, errors in one line."""

import errno
import posixpath
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from avse.errors import MediaError, MissingExtraError
from avse.media.output import atomic_write

PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
"""What fsspec needs besides, by the URL's scheme."""
VERSION_FIELDS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "created", "content_settings")
"""What file systems call the thing that changes with the content."""


def is_url(text: str) -> bool:
    """True for `scheme://...`."""
    scheme, found, _ = text.partition("://")
    return bool(found) and scheme.isalnum()


def name_of(url: str) -> str:
    """The last part of a URL's path."""
    return posixpath.basename(url.rstrip("/"))


def join(folder: str, name: str) -> str:
    """A URL of a file in a folder."""
    return f"{folder.rstrip('/')}/{name}"


def list_folder(url: str, suffixes: Iterable[str], *, recursive: bool = False) -> list[str]:
    """Files of a folder whose names end in one of the suffixes, in order; hidden ones are none of them.

    Args:
        url: of a file or a folder; of a file, only that one.
        suffixes: in lower case, with the dot; an empty one is that of all files.
        recursive: list the folders in it, too.

    Raises:
        MediaError: nothing is there, or it cannot be read.
    """
    wanted = tuple(suffixes)
    with _explained(url):
        system, path = _system(url)
        system.invalidate_cache(path)
        if system.isfile(path):
            return [url]
        rows = system.find(path, detail=True).values() if recursive else system.ls(path, detail=True)
        names = sorted(row["name"] for row in rows if row["type"] == "file")
    inside = [posixpath.relpath(name.lstrip("/"), path.lstrip("/")) for name in names]
    return [join(url, name) for name in inside if name.lower().endswith(wanted) and not _is_hidden(name)]


def _is_hidden(name: str) -> bool:
    return posixpath.basename(name).startswith(".")


def kind_of(url: str) -> str | None:
    """`file` or `directory`; None where there is nothing.

    Raises:
        MediaError: that cannot be found out.
    """
    with _explained(url):
        system, path = _system(url)
        system.invalidate_cache(path)
        try:
            return str(system.info(path)["type"])
        except FileNotFoundError:
            return None


def remove(url: str) -> None:
    """Remove a file; none that is missing.

    Raises:
        MediaError: it cannot be removed.
    """
    with _explained(url, doing="writable"):
        system, path = _system(url)
        with suppress(FileNotFoundError):
            system.rm_file(path)


def identity(url: str, *, fresh: bool = True) -> list[Any] | None:
    """Size and version of a file, by which it is known again; None where there is none.

    Args:
        url: of the file.
        fresh: ask for it again; else what the last listing of its folder said will do, which spares a request a file.

    Raises:
        MediaError: that cannot be found out.
    """
    with _explained(url):
        system, path = _system(url)
        if fresh:
            system.invalidate_cache(path)
        try:
            info = system.info(path)
        except FileNotFoundError:
            return None
    version = next((str(info[name]) for name in VERSION_FIELDS if info.get(name) is not None), "")
    return [info["size"], version]


def fetch(url: str, path: Path) -> None:
    """Copy a file here.

    Raises:
        MediaError: it is missing or cannot be read, or the disk is full.
    """
    with _explained(url):
        system, remote = _system(url)
        system.get_file(remote, str(path))


def put(path: Path, url: str) -> None:
    """Copy a file there; it appears when it is whole.

    Raises:
        MediaError: it cannot be written.
    """
    with _explained(url, doing="writable"):
        system, remote = _system(url)
        if _is_local(system):
            with atomic_write(Path(remote), force=True) as temporary:
                shutil.copyfile(path, temporary)
        else:
            system.put_file(str(path), remote)


def read_bytes(url: str) -> bytes | None:
    """Content of a small file; None where there is none.

    Raises:
        MediaError: it cannot be read.
    """
    with _explained(url):
        system, remote = _system(url)
        try:
            content: bytes = system.cat_file(remote)
        except FileNotFoundError:
            return None
    return content


def write_bytes(url: str, content: bytes) -> None:
    """Write a small file at once.

    Raises:
        MediaError: it cannot be written.
    """
    with _explained(url, doing="writable"):
        system, remote = _system(url)
        if _is_local(system):
            with atomic_write(Path(remote), force=True) as temporary:
                temporary.write_bytes(content)
        else:
            system.pipe_file(remote, content)


def _is_local(system: Any) -> bool:
    """True for `file://`, where folders must be made and a file does not appear at once when it is whole."""
    return "file" in ((system.protocol,) if isinstance(system.protocol, str) else system.protocol)


def _system(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError:
        raise MissingExtraError(f"{url} needs fsspec; pip install 'avse[cluster]'") from None
    scheme = url.partition("://")[0]
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        package = PACKAGES.get(scheme, "its fsspec package")
        raise MissingExtraError(f"{scheme}:// needs {package} ({error}); pip install {package}") from None
    except ValueError as error:
        raise MediaError(f"{url} must be of a scheme that fsspec knows but is not ({error}); correct it") from None
    return system, path


@contextmanager
def _explained(url: str, *, doing: str = "readable") -> Iterator[None]:
    """Errors of any file system as one line."""
    try:
        yield
    except (MediaError, MissingExtraError):
        raise
    except FileNotFoundError:
        raise MediaError(f"{url} must exist but does not; correct the address") from None
    except Exception as error:  # noqa: BLE001 - each file system has its own errors
        raise _one_line(url, error, doing=doing) from None


def _one_line(url: str, error: Exception, *, doing: str) -> MediaError:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return MediaError(
            f"{url} must fit on the disk of {tempfile.gettempdir()} but does not ({error.strerror}); free some of it"
        )
    words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    if "credential" in words.lower() or isinstance(error, PermissionError):
        return MediaError(
            f"{url} must be {doing} with the credentials that are set but is not ({words}); set them as the "
            "service's own tools want them"
        )
    return MediaError(f"{url} must be {doing} but is not ({words}); check the address and the network")
