"""A recording as this recipe reads it: a voice or a noise as cues and band powers, and a talking face."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.data.bank import read_mono
from avse.faces.mouth import MouthTrack
from avse.signal.clock import n_video_frames
from avse.signal.speech_cue import CUE_RATE_HZ, speech_cue
from avse.signal.voice_features import voice_powers
from avse.types import Waveform

SAMPLE_RATE = 16000
LONGEST_S = 8.0
"""Of a recording, only so much is read."""
MOST_PER_SPEAKER, MOST_PER_NOISE_TYPE = 3, 5
"""Recordings without video that are read: many people, not many sentences."""
LEAST_POWER = 1e-10
"""Added before the logarithm in which powers are kept."""

Half = npt.NDArray[np.float16]


class Audio(NamedTuple):
    """The audio of one recording."""

    name: str
    """Of the speaker, or of the kind of noise."""
    cue: npt.NDArray[np.float32]
    """`(frames, CUE_DIM)`, `CUE_RATE_HZ` per second; of no meaning for noise."""
    powers: npt.NDArray[np.float32]
    """`(STEPS_PER_FRAME * frames, N_BANDS)`."""


class Face(NamedTuple):
    """A talking face."""

    audio: Audio
    mouth: MouthTrack
    """With grey crops, `(n, height, width)`."""

    def present_frames(self, *, speaking: bool) -> npt.NDArray[np.int64]:
        """Rows of the mouth's crops that were seen while the person spoke, or did not."""
        frames = np.round(self.mouth.timestamps_s * CUE_RATE_HZ).astype(int).clip(0, len(self.audio.cue) - 1)
        return np.flatnonzero(self.mouth.present & ((self.audio.cue[frames, 0] > 0) == speaking))


class Sources(NamedTuple):
    """All recordings of a split."""

    faces: Sequence[Face]
    speech: Sequence[Audio]
    noise: Sequence[Audio]


def describe_audio(waveform: Waveform, *, name: str) -> Audio:
    """Cues and powers of a recording's beginning.

    Args:
        waveform: `(samples,)` at `SAMPLE_RATE`.
        name: of the speaker, or of the kind of noise.
    """
    waveform = waveform[: round(LONGEST_S * SAMPLE_RATE)]
    n_frames = n_video_frames(len(waveform), sample_rate=SAMPLE_RATE, rate_hz=CUE_RATE_HZ)
    return Audio(
        name,
        speech_cue(waveform, sample_rate=SAMPLE_RATE, n_frames=n_frames),
        voice_powers(waveform, sample_rate=SAMPLE_RATE, n_frames=n_frames),
    )


def read_audio_of(path: Path, *, name: str) -> Audio:
    """Read a recording's audio and describe it."""
    return describe_audio(read_mono(path, sample_rate=SAMPLE_RATE), name=name)


def to_half(audio: Audio) -> tuple[Half, Half]:
    """Cues, and logarithms of powers, as they are kept."""
    return audio.cue.astype(np.float16), np.log(audio.powers + LEAST_POWER).astype(np.float16)


def from_half(name: str, cue: Half, log_powers: Half) -> Audio:
    """What `to_half` kept."""
    return Audio(name, cue.astype(np.float32), np.exp(log_powers.astype(np.float32)))


def grey(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The mean of the colours, `(n, height, width, 3)` to `(n, height, width)`, as mouth motion reads them."""
    mean: npt.NDArray[np.uint8] = np.round(images.mean(axis=-1, dtype=np.float32)).astype(np.uint8)
    return mean
