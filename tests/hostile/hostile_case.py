"""What a hostile media file is: how it is made, and the answer that reading it must give."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import hostile_media as hm
import soundfile
from hostile_media import Audio, Video


@dataclass(frozen=True)
class Expected:
    """What reading gives. Where `refused` is set, a MediaError that matches; the rest does not count then."""

    rate: int = 16000
    n_channels: int = 1
    duration_s: float = 1.0
    slack_s: float = 0.0
    """By which the length may differ: codecs and containers that do not say what is padding."""
    n_frames: int | None = None
    """Video frames; None without video."""
    click_s: float | None = hm.EVENT_S
    """When the click is heard, from the first sample; None where it is not in the file, or not known."""
    tolerance_s: float = 0.002
    """Of the click."""
    flash_s: float | None = None
    """When the flash is seen, from the first audio sample."""
    refused: str | None = None
    problem: str | None = None
    """A reported problem that matches."""
    may_refuse: bool = False
    """Damaged: either refused, or read in part with a problem reported, or decoded whole."""


@dataclass(frozen=True)
class Case:
    """A file, and what is expected of it."""

    name: str
    make: Callable[[Path], None]
    expected: Expected


ALL_VIDEO = Expected(n_frames=25, flash_s=0.52)
INEXACT = {"slack_s": 0.25, "tolerance_s": 0.004}


def write_media(path: Path, *tracks: Audio | Video) -> None:
    hm.write(path, *tracks)


def media(name: str, tracks: tuple[Audio | Video, ...], expected: Expected) -> Case:
    return Case(name, partial(write_tracks, tracks=tracks), expected)


def write_tracks(path: Path, *, tracks: tuple[Audio | Video, ...]) -> None:
    hm.write(path, *tracks)


def write_audio(path: Path, *, kind: str, subtype: str, rate: int = 16000, n_channels: int = 1) -> None:
    samples = hm.waveform(Audio(rate=rate, n_channels=n_channels))
    soundfile.write(path, samples.T, rate, format=kind, subtype=subtype)
