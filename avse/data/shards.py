"""Shards: many small samples in a few large files, in WebDataset's layout (files `key.suffix` in tar archives).

Written atomically, so that a shard which is there is whole; read by their index, so that any sample
can be had at any time: a run that continues needs nothing but its step, and every process reads its own samples only.
"""

import io
import os
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from avse.errors import ConfigError, MediaError

MAX_BYTES = 256 * 2**20
"""Of a shard, about."""
END_BYTES = 1024
"""Zeros at the end of a tar file."""
MAX_OPEN = 64
"""Shards that a reader has open at once; systems allow a process few files, and a corpus has thousands of shards."""


class ShardWriter:
    """Writes samples into numbered shards. A context manager; leaving it closes the last one."""

    def __init__(self, folder: Path, *, name: str = "clips", max_bytes: int = MAX_BYTES) -> None:
        """Begin, after the shards of this name that are there already.

        Args:
            folder: made if it is missing.
            name: that the shards' names begin with; two programs that write at once need two.
            max_bytes: a shard that has so many is closed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._name, self._max_bytes = folder, name, max_bytes
        self._tar: tarfile.TarFile | None = None
        self._n_bytes = 0

    def write(self, key: str, files: Mapping[str, bytes]) -> None:
        """Add a sample.

        Args:
            key: its name, unique, without dots.
            files: content by suffix.

        Raises:
            ConfigError: the key has a dot, at which readers would cut it.
        """
        if "." in key:
            raise ConfigError(f"key of a sample must have no dot but is {key!r}; replace it")
        if self._tar is None:
            self._path = self._next_path()
            self._tar = tarfile.open(self._part, "w")  # noqa: SIM115 - closed by close
        for suffix, content in files.items():
            member = tarfile.TarInfo(f"{key}.{suffix}")
            member.size = len(content)
            self._tar.addfile(member, io.BytesIO(content))
            self._n_bytes += len(content)
        if self._n_bytes >= self._max_bytes:
            self.close()

    @property
    def _part(self) -> Path:
        return self._path.with_suffix(".part")

    def _next_path(self) -> Path:
        number = 0
        while (path := self._folder / f"{self._name}-{number:05d}.tar").exists():
            number += 1
        return path

    def close(self) -> None:
        """Finish the last shard; writing begins another."""
        if self._tar is not None:
            self._tar.close()
            self._part.replace(self._path)
        self._tar, self._n_bytes = None, 0

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Keep the last shard: every sample in it is whole, whatever happened after."""
        self.close()


class Sample(NamedTuple):
    """Where a sample lies."""

    key: str
    shard: Path
    files: dict[str, tuple[int, int]]
    """Offset and length of each file, by suffix."""


class ShardReader:
    """All samples of a folder of shards, by index."""

    def __init__(self, folder: Path) -> None:
        """Index the shards.

        Args:
            folder: with .tar files.

        Raises:
            ConfigError: there are no samples.
        """
        self.samples: list[Sample] = []
        self.problems: list[str] = []
        """One line for each shard that is cut short; what it still holds is used."""
        for path in sorted(folder.glob("*.tar")):
            samples, problem = _index(path)
            self.samples += samples
            if problem:
                self.problems.append(problem)
        if not self.samples:
            raise ConfigError(f"folder {folder} must hold shards with samples but has none; prepare them first")
        self._open: dict[Path, BinaryIO] = {}
        self._process = os.getpid()

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, bytes]:
        """Files of a sample by suffix.

        Raises:
            MediaError: the shard became shorter since it was indexed.
        """
        sample = self.samples[index]
        file = self._opened(sample.shard)
        content = {}
        for suffix, (offset, length) in sample.files.items():
            file.seek(offset)
            content[suffix] = file.read(length)
            if len(content[suffix]) < length:
                raise MediaError(f"shard {sample.shard} must hold {sample.key} but is cut short; prepare it again")
        return content

    def _opened(self, path: Path) -> BinaryIO:
        if self._process != os.getpid():
            # This is a fork. It shares the place in each open file with the process that it comes of, and each would
            # read on where the other one stands.
            self.close()
            self._process = os.getpid()
        file = self._open.pop(path, None) or path.open("rb")
        self._open[path] = file  # the last used come last
        if len(self._open) > MAX_OPEN:
            self._open.pop(next(iter(self._open))).close()
        return file

    def close(self) -> None:
        """Close the shards; reading opens them again."""
        for file in self._open.values():
            file.close()
        self._open = {}

    def __getstate__(self) -> dict[str, object]:
        """For worker processes: open files stay behind."""
        return {**self.__dict__, "_open": {}}

    def __del__(self) -> None:
        """Let the files go."""
        if hasattr(self, "_open"):
            self.close()


def written_keys(folders: Iterable[Path]) -> set[str]:
    """Keys of all samples in some folders' shards."""
    return {sample.key for folder in folders for path in folder.glob("*.tar") for sample in _index(path)[0]}


def _index(path: Path) -> tuple[list[Sample], str | None]:
    """Samples of a shard, and what is wrong with it."""
    samples: dict[str, Sample] = {}
    size = path.stat().st_size
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                key, _, suffix = member.name.partition(".")
                samples.setdefault(key, Sample(key, path, {})).files[suffix] = (member.offset_data, member.size)
    except tarfile.ReadError:
        pass  # it is cut short, which its end tells as well
    if _is_whole(path, size):
        return list(samples.values()), None
    # Of the last one, files may be missing.
    kept = [s for s in list(samples.values())[:-1] if all(at + length <= size for at, length in s.files.values())]
    return kept, f"shard {path} is cut short; what is left of it is used"


def _is_whole(path: Path, size: int) -> bool:
    """A tar file ends in two blocks of zeros."""
    with path.open("rb") as file:
        file.seek(max(0, size - END_BYTES))
        return file.read() == bytes(END_BYTES)
