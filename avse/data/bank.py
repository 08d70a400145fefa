"""Recordings at one rate in one array of 16-bit samples, in memory or mapped from a file.

A mapped file makes 1,000 hours of recordings cost no more memory than one: pages come and go as they are read, and all
workers of a training share them.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from avse.data.manifest import Item
from avse.errors import ConfigError
from avse.jobs.places import Place, read_audio_of
from avse.media.output import atomic_write
from avse.signal.resample import resample
from avse.types import Waveform

FULL_SCALE = 32768


def read_mono(path: Place, *, sample_rate: int) -> Waveform:
    """Read a file's audio at one rate, the mean of its channels.

    Args:
        path: an audio file or a container with audio, here or at a URL.
        sample_rate: Hz wanted.

    Returns:
        `(samples,)`.
    """
    waveform, rate = read_audio_of(path)
    mono = waveform.mean(axis=0, dtype=np.float32)
    return mono if rate == sample_rate else resample(mono, source_rate=rate, target_rate=sample_rate)


class Waveforms:
    """Waveforms of any lengths end to end in one array; each is converted to float32 when it is asked for."""

    def __init__(
        self, samples: npt.NDArray[np.int16], starts: npt.NDArray[np.int64], scales: npt.NDArray[np.float32]
    ) -> None:
        """Take the array.

        Args:
            samples: of all waveforms; may be a memory map.
            starts: `(n + 1,)` first sample of each, and the number of samples at the end.
            scales: `(n,)` full scale of each, 1 unless its peak lies above.
        """
        self._samples, self.starts, self._scales = samples, starts, scales

    def __len__(self) -> int:
        return len(self._scales)

    def __getitem__(self, index: SupportsIndex) -> Waveform:
        """One waveform, `(samples,)`."""
        row = range(len(self))[index]
        scale = np.float32(self._scales[row] / FULL_SCALE)
        waveform: Waveform = self._samples[self.starts[row] : self.starts[row + 1]].astype(np.float32) * scale
        return waveform

    def __iter__(self) -> Iterator[Waveform]:
        """One waveform after the other."""
        return (self[row] for row in range(len(self)))


class WaveformBank:
    """Waveforms of manifest items, decoded once."""

    def __init__(
        self,
        items: Iterable[Item],
        *,
        root: Path,
        sample_rate: int,
        folder: Path | None = None,
        progress: Callable[[Sequence[Item]], Iterable[Item]] = iter,
    ) -> None:
        """Decode all items, or map the file that an earlier call made of them.

        Args:
            items: what to read.
            root: folder that the items' paths start from.
            sample_rate: Hz to hold them at.
            folder: where the samples are kept; None keeps them in memory.
            progress: wraps the items, to show how far the reading is.

        Raises:
            ConfigError: a recording is silent.
            MediaError: a file cannot be read.
        """
        self.items = list(items)
        decoded = (read_mono(root / item.audio, sample_rate=sample_rate) for item in progress(self.items))
        if folder is None:
            self.waveforms: Waveforms | list[Waveform] = _in_memory(decoded)
        else:
            rows = [(item.audio, _stamp(root / item.audio)) for item in self.items]
            name = hashlib.sha256(json.dumps([sample_rate, rows]).encode()).hexdigest()[:16]
            self.waveforms = _mapped(decoded, folder / f"{name}.i16")
        silent = [item.id for item, waveform in zip(self.items, self.waveforms, strict=True) if not waveform.any()]
        if silent:
            raise ConfigError(f"recordings must not be silent but {', '.join(silent)} is; take it out of the manifest")

    def __len__(self) -> int:
        return len(self.items)


class BankPart:
    """Some recordings of a bank, as a bank."""

    def __init__(self, bank: Any, rows: npt.NDArray[np.int64]) -> None:
        """Take the rows; none of their waveforms is read before it is asked for.

        Args:
            bank: a `WaveformBank` or an `avse.data.packed.PackedBank`.
            rows: `(recordings,)` of it.
        """
        self._bank, self._rows = bank, rows
        self.items = [bank.items[row] for row in rows]
        self.waveforms = self

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: SupportsIndex) -> Waveform:
        """One waveform, `(samples,)`."""
        waveform: Waveform = self._bank.waveforms[int(self._rows[index])]
        return waveform


def _in_memory(decoded: Iterator[Waveform]) -> Waveforms:
    pieces, scales = [], []
    for waveform in decoded:
        samples, scale = sixteen_bit(waveform)
        pieces.append(samples)
        scales.append(scale)
    return Waveforms(np.concatenate([np.zeros(0, np.int16), *pieces]), _starts(map(len, pieces)), np.array(scales))


def _mapped(decoded: Iterator[Waveform], path: Path) -> Waveforms:
    """Write what is not there yet, then map it."""
    index = path.with_suffix(".npz")
    if not (path.is_file() and index.is_file()):
        path.parent.mkdir(parents=True, exist_ok=True)
        lengths, scales = [], []
        with atomic_write(path, force=True) as temporary, temporary.open("wb") as file:
            for waveform in decoded:
                samples, scale = sixteen_bit(waveform)
                file.write(samples.tobytes())
                lengths.append(len(samples))
                scales.append(scale)
        with atomic_write(index, force=True) as temporary, temporary.open("wb") as file:
            np.savez(file, starts=_starts(lengths), scales=np.array(scales, dtype=np.float32))
    with np.load(index, allow_pickle=False) as arrays:
        starts, scales_read = arrays["starts"], arrays["scales"]
    samples = (
        np.memmap(path, dtype=np.int16, mode="r", shape=(int(starts[-1]),)) if starts[-1] else np.zeros(0, np.int16)
    )
    return Waveforms(samples, starts, scales_read)


def sixteen_bit(waveform: Waveform) -> tuple[npt.NDArray[np.int16], np.float32]:
    """Samples `(samples,)` as 16-bit numbers, and what full scale stands for."""
    scale = np.float32(max(1.0, float(np.max(np.abs(waveform), initial=0)) * FULL_SCALE / (FULL_SCALE - 1)))
    rounded = np.round(waveform * (FULL_SCALE / scale))
    return np.clip(rounded, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16), scale


def _starts(lengths: Iterable[int]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, dtype=np.int64))]).astype(np.int64)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of a file, by which a changed one is known."""
    return (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else None
