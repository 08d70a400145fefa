"""Whether the lips fit the audio of another moment better: the video is late, or early.

The dot product of the lips' embedding with that of the audio is evidence in nats for their belonging together
(`avse.models.lip_cue`). Here it is summed at other lags, too, of the embeddings that are at hand anyway. Lips that are
late by 0.2 s still resemble what is heard, so that the evidence alone does not rule them out; the right lag does.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.signal.speech_cue import CUE_RATE_HZ
from avse.types import Flags, FloatArray


@dataclass(frozen=True)
class LipLagConfig:
    """When lips are taken to be late or early. Chosen on validation videos (`recipes.steered.guard`)."""

    early_frames: tuple[int, int] = (3, 8)
    """Video frames of 40 ms, first and last; fewer than three is within what lips and voice differ by anyway."""
    late_frames: tuple[int, int] = (3, 12)
    """Video frames, first and last."""
    memory_s: float = 8.0
    """s; time after which evidence counts a third. A lag stays as it is for longer than a voice."""
    margin: float = 5.0
    """Nats that a lag must have above none at all, before the lips are taken to be late or early."""
    least: float = 1.0
    """Nats that it must have by itself: while the target is silent no lag fits, and one fits least badly."""


class LagState(NamedTuple):
    """What is carried from one video frame to the next."""

    lips: FloatArray
    """`(early_frames, dim)` of the last video frames, 0 where no face was."""
    audio: FloatArray
    """`(late_frames, dim)` of the last video frames."""
    sums: npt.NDArray[np.float64]
    """`(1 + lags,)` nats; that of no lag first."""
    lags: bool
    """The lips are late or early."""


class LipLag:
    """Follows the evidence at other lags; holds no state of a recording."""

    def __init__(self, config: LipLagConfig | None = None) -> None:
        """Set up."""
        self.config = config or LipLagConfig()

    def follow(self, lips: FloatArray, audio: FloatArray, state: LagState | None) -> tuple[Flags, LagState]:
        """Take the next video frames.

        Args:
            lips: `(frames, dim)` embeddings, 0 where no face was.
            audio: `(frames, dim)` embeddings.
            state: from the call before, None at first.

        Returns:
            `(frames,)` True where the lips are late or early; and the new state.
        """
        config, n_frames = self.config, len(lips)
        (early, n_early), (late, n_late) = config.early_frames, config.late_frames
        if state is None:
            dim, n_lags = lips.shape[1], n_early - early + 1 + n_late - late + 1
            state = LagState(
                np.zeros((n_early, dim), np.float32), np.zeros((n_late, dim), np.float32), np.zeros(1 + n_lags), False
            )
        past_lips, past_audio = np.concatenate([state.lips, lips]), np.concatenate([state.audio, audio])
        keep = math.exp(-1 / (CUE_RATE_HZ * config.memory_s))
        found, sums, lags = np.zeros(n_frames, dtype=bool), state.sums, state.lags
        for number in range(n_frames):
            # Row n_early of past_lips, and n_late of past_audio, is the first of these frames.
            lips_before = past_lips[number : number + n_early - early + 1]
            audio_before = past_audio[number : number + n_late - late + 1]
            mouth, voice = lips[number], audio[number]
            sums = keep * sums + np.concatenate([[mouth @ voice], lips_before @ voice, audio_before @ mouth])
            best = sums[1:].max()
            # Once they are, they stay so until no lag fits best.
            lags = best > sums[0] if lags else best > max(config.least, sums[0] + config.margin)
            found[number] = lags
        return found, LagState(past_lips[n_frames:], past_audio[n_frames:], sums, bool(lags))
