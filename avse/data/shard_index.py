"""An index of shards that costs 16 bytes a sample and no time to open, however many samples there are.

It lies beside the shards as a NumPy array that is mapped into memory: which shard a sample is in, where it begins there
and how long it is. The names of its files are read with it.
"""

import json
import os
import tarfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from avse.errors import ConfigError, MediaError
from avse.media.output import atomic_write

ROW = np.dtype([("shard", "<u4"), ("offset", "<u8"), ("length", "<u4")])
"""Of a sample, 16 bytes."""
INDEX, SHARDS = "index.npy", "index.json"
"""Names of the index and of the list of shards."""
BLOCK = 512
"""Bytes; tar files consist of such blocks."""
MAX_OPEN = 64
"""Shards that a reader has open at once; systems allow a process few files, and a corpus has thousands of shards."""


class Span(NamedTuple):
    """Where a sample lies in its shard."""

    key: str
    offset: int
    length: int


def write_index(folder: Path) -> int:
    """Index all shards of a folder, in the order of their names; the number of samples.

    Raises:
        ConfigError: there are no samples.
    """
    paths = sorted(folder.glob("*.tar"))
    parts = []
    for number, path in enumerate(paths):
        spans = list(spans_of(path))
        part = np.zeros(len(spans), dtype=ROW)
        part["shard"] = number
        part["offset"] = [span.offset for span in spans]
        part["length"] = [span.length for span in spans]
        parts.append(part)
    rows = np.concatenate(parts) if parts else np.zeros(0, dtype=ROW)
    if not len(rows):
        raise ConfigError(f"folder {folder} must hold shards with samples but has none; prepare them first")
    with atomic_write(folder / INDEX, force=True) as temporary, temporary.open("wb") as file:
        np.save(file, rows)
    with atomic_write(folder / SHARDS, force=True) as temporary:
        temporary.write_text(json.dumps([_stamp(path) for path in paths]) + "\n", encoding="utf-8")
    return len(rows)


def has_index(folder: Path) -> bool:
    """True if there is an index, and of just the shards that are there now."""
    try:
        stored = json.loads((folder / SHARDS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (folder / INDEX).is_file() and stored == [_stamp(path) for path in sorted(folder.glob("*.tar"))]


def spans_of(path: Path) -> Iterator[Span]:
    """Samples of a shard; one that is cut short ends with the last whole sample."""
    size, span = path.stat().st_size, None
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                key = member.name.partition(".")[0]
                end = member.offset_data + -(-member.size // BLOCK) * BLOCK
                if span is not None and span.key != key:
                    yield span
                    span = None
                start = member.offset if span is None else span.offset
                span = Span(key, start, end - start)
                archive.members = []  # type: ignore[attr-defined] # else all of them stay in memory
    except tarfile.ReadError:
        return  # cut short: of the last sample, files may be missing
    if span is not None and span.offset + span.length <= size:
        yield span


class IndexedShards:
    """Samples of a folder of shards by their number, with the index mapped into memory."""

    def __init__(self, folder: Path) -> None:
        """Open an index that `write_index` wrote.

        Args:
            folder: of the shards.

        Raises:
            ConfigError: there is no index, or it is of other shards.
        """
        try:
            self._paths = [folder / name for name, _ in json.loads((folder / SHARDS).read_text(encoding="utf-8"))]
            self._rows: npt.NDArray[Any] = np.load(folder / INDEX, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ConfigError(f"folder {folder} must hold an index of its shards but does not ({error})") from None
        if self._rows.dtype != ROW:
            raise ConfigError(f"index of {folder} must be of this version but is not; delete it and prepare it again")
        self._folder = folder
        self.problems: list[str] = []
        """None: what is cut short is not in the index."""
        self._open: OrderedDict[int, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, bytes]:
        """Files of a sample by suffix.

        Raises:
            MediaError: the shard is missing, or became shorter since it was indexed.
        """
        row = self._rows[index]
        shard, offset, length = int(row["shard"]), int(row["offset"]), int(row["length"])
        content = _read_at(self._descriptor(shard), length, offset)
        if len(content) < length:
            raise MediaError(f"shard {self._paths[shard]} must hold sample {index} but is cut short; prepare it again")
        return _members(content)

    def _descriptor(self, shard: int) -> int:
        if shard in self._open:
            self._open.move_to_end(shard)
            return self._open[shard]
        try:
            descriptor = os.open(self._paths[shard], os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise MediaError(f"shard {self._paths[shard]} must be readable but is not ({error.strerror})") from None
        self._open[shard] = descriptor
        if len(self._open) > MAX_OPEN:
            os.close(self._open.popitem(last=False)[1])
        return descriptor

    def close(self) -> None:
        """Close the shards; reading opens them again."""
        while self._open:
            os.close(self._open.popitem()[1])

    def __reduce__(self) -> tuple[Any, ...]:
        """For worker processes: they map the index themselves."""
        return IndexedShards, (self._folder,)

    def __del__(self) -> None:
        """Let the files go."""
        if hasattr(self, "_open"):
            self.close()


def _read_at(descriptor: int, length: int, offset: int) -> bytes:
    """Bytes of a file, without a position that other processes of a fork would share."""
    if hasattr(os, "pread"):  # not on Windows
        return os.pread(descriptor, length, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # where nothing is forked
    return os.read(descriptor, length)


def _members(content: bytes) -> dict[str, bytes]:
    """Files of a stretch of a tar file, by suffix."""
    files, position = {}, 0
    while position < len(content):
        header = tarfile.TarInfo.frombuf(content[position : position + BLOCK], "utf-8", "surrogateescape")
        start = position + BLOCK
        files[header.name.partition(".")[2]] = content[start : start + header.size]
        position = start + -(-header.size // BLOCK) * BLOCK
    return files


def _stamp(path: Path) -> list[Any]:
    return [path.name, path.stat().st_size]
