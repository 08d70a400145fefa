"""Drives cut into windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from avse.drives.drive import Drive
from avse.errors import ConfigError, InputError

UNKNOWN = -1
"""The level where none is known, or where it changes within a window."""

Levels = npt.NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)


class Windows(NamedTuple):
    """Windows that follow each other."""

    values: dict[str, npt.NDArray[np.float32]]
    """`(windows, channels, time)` by modality."""
    masks: dict[str, npt.NDArray[np.bool_]]
    """The same shapes, True = real data."""
    levels: Levels
    """`(windows,)`."""


class WindowedDrive:
    """A drive that can be cut at any whole second."""

    def __init__(self, drive: Drive, *, window_s: int, levels: Levels | None = None) -> None:
        """Take a drive.

        Args:
            drive: of any length from one window on.
            window_s: whole seconds.
            levels: `(seconds,)` the level in each second; from the drive's segments by default.

        Raises:
            InputError: the drive is shorter than a window, or a modality's rate does not give whole windows.
        """
        self.drive, self.window_s = drive, window_s
        self.n_seconds = int(min(signal.duration_s for signal in drive.signals.values()))
        if window_s < 1 or self.n_seconds < window_s:
            raise InputError(
                f"drive {drive.id} must be at least as long as a window of {window_s} s (one second or more) but lasts "
                f"{self.n_seconds} s; take shorter windows or leave it out"
            )
        for name, signal in drive.signals.items():
            if signal.rate_hz != round(signal.rate_hz):
                raise InputError(f"{name} must have a whole rate but has {signal.rate_hz} Hz; prepare it at another")
        self.levels = levels_by_second(drive, n_seconds=self.n_seconds) if levels is None else levels
        self.n_windows = self.n_seconds // window_s

    def cut(self, start_s: int, n_windows: int) -> Windows:
        """Windows one after the other from a second on."""
        values, masks = {}, {}
        for name, signal in self.drive.signals.items():
            rate = round(signal.rate_hz)
            stretch = slice(start_s * rate, (start_s + n_windows * self.window_s) * rate)
            values[name] = _in_windows(signal.values[:, stretch], n_windows)
            masks[name] = _in_windows(signal.mask[:, stretch], n_windows)
        seconds = self.levels[start_s : start_s + n_windows * self.window_s].reshape(n_windows, -1)
        whole = (seconds == seconds[:, :1]).all(axis=1)
        return Windows(values, masks, np.where(whole, seconds[:, 0], UNKNOWN))

    def all(self) -> Windows:
        """Every window from the start on."""
        return self.cut(0, self.n_windows)


def levels_by_second(drive: Drive, *, n_seconds: int) -> Levels:
    """The level in each whole second, `(seconds,)`."""
    levels = np.full(n_seconds, UNKNOWN)
    for segment in drive.segments:
        levels[int(np.ceil(segment.start_s)) : int(segment.end_s)] = segment.level
    return levels


def with_modalities(drives: Iterable[Drive], wanted: Sequence[str]) -> list[Drive]:
    """Drives with some of their modalities; with all if none is named.

    Raises:
        ConfigError: a drive has no such modality, or another set of channels than the first.
    """
    chosen = []
    for drive in drives:
        if missing := [name for name in wanted if name not in drive.signals]:
            raise ConfigError(
                f"modalities must be of {', '.join(drive.signals)} in drive {drive.id} but one is {missing[0]!r}; "
                "correct it"
            )
        chosen.append(replace(drive, signals={name: drive.signals[name] for name in wanted or drive.signals}))
    for drive in chosen[1:]:
        if _layout(drive) != _layout(chosen[0]):
            raise ConfigError(
                f"drive {drive.id} must have the channels of {chosen[0].id} but has others; prepare them together"
            )
    return chosen


def calibrated(drive: Drive, *, seconds: int) -> Drive:
    """A drive whose channels are relative to their mean over its first seconds, which are then of no known level."""
    signals = {}
    for name, signal in drive.signals.items():
        n_first = round(seconds * signal.rate_hz)
        rest = masked_mean(signal.values[:, :n_first], signal.mask[:, :n_first])
        signals[name] = replace(signal, values=np.where(signal.mask, signal.values - rest[:, None], 0))
    segments = tuple(
        segment._replace(start_s=max(segment.start_s, seconds)) for segment in drive.segments if segment.end_s > seconds
    )
    return replace(drive, signals=signals, segments=segments)


def statistics(drives: Sequence[Drive]) -> Mapping[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Mean and standard deviation of every channel over all real data, `(channels,)` both, by modality."""
    found = {}
    for name in drives[0].signals:
        values = np.concatenate([drive.signals[name].values for drive in drives], axis=1)
        mask = np.concatenate([drive.signals[name].mask for drive in drives], axis=1)
        mean = masked_mean(values, mask)
        std = np.sqrt(masked_mean((values - mean[:, None]) ** 2, mask))
        found[name] = mean, np.where(std > 0, std, 1).astype(np.float32)
    return found


def masked_mean(values: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Mean over time of what is real, 0 where nothing is, `(channels,)`."""
    total = np.sum(values, axis=1, where=mask, dtype=np.float64)
    mean: npt.NDArray[np.float32] = (total / np.maximum(mask.sum(axis=1), 1)).astype(np.float32)
    return mean


def _layout(drive: Drive) -> list[tuple[str, float, tuple[str, ...]]]:
    return [(name, s.rate_hz, s.channels) for name, s in drive.signals.items()]


def _in_windows(array: npt.NDArray[Kind], n_windows: int) -> npt.NDArray[Kind]:
    """`(channels, time)` to `(windows, channels, time)`."""
    return array.reshape(len(array), n_windows, -1).swapaxes(0, 1)
