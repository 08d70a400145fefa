"""The recordings of a packed corpus: each is read and described when it is drawn, so that any number fits into memory.

They are those that `cue_sources` chooses from the manifest, in its order, and come as it keeps them, so that training
draws the same examples from either; what differs is the time to describe them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from avse.data.packed import Kind, PackedBank, open_packed
from avse.errors import ConfigError
from recipes.lip_cue.recordings import (
    MOST_PER_NOISE_TYPE,
    MOST_PER_SPEAKER,
    SAMPLE_RATE,
    Audio,
    Face,
    Sources,
    describe_audio,
    from_half,
    grey,
    to_half,
)

N_KEPT = 256
"""Recordings that a process remembers: 0.3 MB each with a face."""
Recording = TypeVar("Recording")


class PackedRecordings(Sequence[Recording], Generic[Recording]):
    """Some recordings of a bank, described when one is asked for."""

    def __init__(
        self, bank: PackedBank, rows: npt.NDArray[np.int64], read: Callable[[PackedBank, int], Recording]
    ) -> None:
        """Choose recordings.

        Args:
            bank: of the kind.
            rows: of the bank.
            read: describes the recording of a row.
        """
        self._bank, self._rows, self._read = bank, rows, read
        self._kept = lru_cache(maxsize=N_KEPT)(lambda row: read(bank, row))

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """`(recordings,)` a number for each one's name, without reading any."""
        return self._bank.speakers[self._rows].astype(np.int64)

    @property
    def names(self) -> list[str]:
        """By their numbers."""
        return self._bank.names

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Recording]: ...

    def __getitem__(self, index: int | slice) -> Recording | Sequence[Recording]:
        """A recording, or some of them without reading any."""
        if isinstance(index, slice):
            return PackedRecordings(self._bank, self._rows[index], self._read)
        return self._kept(int(self._rows[index]))

    def __reduce__(self) -> tuple[object, ...]:
        """For worker processes: what is remembered stays behind."""
        return PackedRecordings, (self._bank, self._rows, self._read)


def _audio(bank: PackedBank, row: int) -> Audio:
    name = bank.names[int(bank.speakers[row])]
    return from_half(name, *to_half(describe_audio(bank.waveforms[row], name=name)))


def _face(bank: PackedBank, row: int) -> Face:
    mouth = bank.mouths[row]
    return Face(_audio(bank, row), replace(mouth, crops=grey(mouth.crops[:])))


def open_sources(folder: Path, *, split: str) -> Sources:
    """Open a split of a packed corpus.

    Args:
        folder: that `python -m recipes.pack` wrote, with crops.
        split: `train` or `valid`.

    Raises:
        ConfigError: it lacks a kind, or was packed at another rate or by an earlier version.
    """
    faces, speech, noise = (_bank(folder, split=split, kind=kind) for kind in _KINDS)
    if faces.shown is None:
        raise ConfigError(f"packed corpus {folder} must tell which faces are seen but does not; pack it again")
    return Sources(
        PackedRecordings(faces, np.flatnonzero(faces.shown), _face),
        PackedRecordings(speech, first_of_each(speech.speakers, most=MOST_PER_SPEAKER), _audio),
        PackedRecordings(noise, first_of_each(noise.speakers, most=MOST_PER_NOISE_TYPE), _audio),
    )


_KINDS: tuple[Kind, ...] = ("faces", "speech", "noise")


def _bank(folder: Path, *, split: str, kind: Kind) -> PackedBank:
    found = open_packed(folder, split=split, kind=kind, sample_rate=SAMPLE_RATE)
    if found is None:
        raise ConfigError(f"packed corpus {folder} must hold {kind} of {split} but holds none; pack them")
    if kind == "noise" and found.names == ["None"]:
        raise ConfigError(f"packed corpus {folder} must name its noises but does not; pack it again")
    return found


def first_of_each(codes: npt.NDArray[np.uint32], *, most: int) -> npt.NDArray[np.int64]:
    """Indices of the first recordings of every name, in order.

    Args:
        codes: `(recordings,)` number of each one's name.
        most: of a name.
    """
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order], side="left")
    return np.sort(order[np.arange(len(order)) - starts < most])
