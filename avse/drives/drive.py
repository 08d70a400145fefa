"""One drive: what was measured of driver, car and road, evenly sampled, and how great the stress was when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from avse.drives.uniform import Uniform
from avse.errors import ConfigError, InputError
from avse.media.tensors import read_tensors, write_tensors

LEVELS = ("low", "medium", "high")
"""Of stress; a level is stored as its index here."""


@dataclass(frozen=True)
class Signal:
    """The channels of one modality."""

    values: npt.NDArray[np.float32]
    """`(channels, time)`, 0 where nothing is known."""
    mask: npt.NDArray[np.bool_]
    """`(channels, time)` True = real data."""
    rate_hz: float
    """Samples a second."""
    channels: tuple[str, ...]
    """Their names, with units where they have one: `hand_gsr_us`."""

    def __post_init__(self) -> None:
        shape = len(self.channels), self.values.shape[-1]
        if self.values.shape != shape or self.mask.shape != shape:
            raise InputError(
                f"values and mask must be (channels, time) of {len(self.channels)} channels but are "
                f"{self.values.shape} and {self.mask.shape}; stack them so"
            )

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return float(self.values.shape[1] / self.rate_hz)


def as_signal(series: Mapping[str, Uniform], *, rate_hz: float) -> Signal:
    """A modality of evenly sampled series of one length, by the names of its channels."""
    rows = list(series.values())
    return Signal(np.stack([r.values for r in rows]), np.stack([r.mask for r in rows]), rate_hz, tuple(series))


class Segment(NamedTuple):
    """A stretch of one level."""

    start_s: float
    end_s: float
    level: int
    """Index into `LEVELS`."""


@dataclass(frozen=True)
class Drive:
    """A drive of one driver."""

    id: str
    driver: str
    """The person; drives of one person never stand in training and test both."""
    licence: str
    signals: Mapping[str, Signal]
    """By modality."""
    segments: tuple[Segment, ...]
    """Where the level is known, in order, without overlap; may be empty."""
    beats: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    """`(beats, 2)`: when each heart beat came, in seconds, and how long after the one before, in ms; where known."""

    @property
    def duration_s(self) -> float:
        """Seconds of the longest signal."""
        return float(max(signal.duration_s for signal in self.signals.values()))


def save_drive(path: Path, drive: Drive) -> None:
    """Write a drive, replacing the file."""
    tensors = {"beats": torch.from_numpy(drive.beats)}
    for modality, signal in drive.signals.items():
        tensors[f"{modality}.values"] = torch.from_numpy(signal.values)
        tensors[f"{modality}.mask"] = torch.from_numpy(signal.mask)
    header = {
        "id": drive.id,
        "driver": drive.driver,
        "licence": drive.licence,
        "segments": [list(segment) for segment in drive.segments],
        "signals": {m: {"rate_hz": s.rate_hz, "channels": list(s.channels)} for m, s in drive.signals.items()},
    }
    write_tensors(path, tensors, header=header)


def load_drive(path: Path) -> Drive:
    """Read what `save_drive` wrote.

    Raises:
        ConfigError: it is no such file.
    """
    tensors, header = read_tensors(path)
    try:
        signals = {
            modality: Signal(
                tensors[f"{modality}.values"].numpy(),
                tensors[f"{modality}.mask"].numpy(),
                about["rate_hz"],
                tuple(about["channels"]),
            )
            for modality, about in header["signals"].items()
        }
        segments = tuple(Segment(start_s, end_s, int(level)) for start_s, end_s, level in header["segments"])
        beats = tensors["beats"].numpy()
        return Drive(header["id"], header["driver"], header["licence"], signals, segments, beats)
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"drive {path} must be a file of the preparation but is not; prepare it again") from None


def load_drives(folder: Path) -> list[Drive]:
    """All drives of a folder, by name.

    Raises:
        ConfigError: there is none.
    """
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise ConfigError(f"folder {folder} must hold drives (.safetensors) but holds none; run the preparation first")
    return [load_drive(path) for path in paths]
