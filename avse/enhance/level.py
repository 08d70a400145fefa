"""Speech as loud as it went in: a make-up gain that follows the speech, causal, one step per audio frame.

An estimate that errs towards the mean is quieter than the speech: uncertain bins are attenuated, none is amplified.
For the estimate of least mean squared error, `E = W (S + N)` with `W = |S|^2 / (|S|^2 + |N|^2)` in each bin, the
projection of `E` on the speech `S` has the gain `sum |E|^2 / sum |S|^2`, and `sum Re(E conj(S + N)) / sum |E|^2` is its
reciprocal: the gain that is missing can be read from what went in and what comes out.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.signal.decibel import amplitude_ratio
from avse.signal.stft_config import StftConfig
from avse.types import Spectrum

LARGEST_DB = 6.0
"""dB; more is never compensated."""
MEMORY_S = 2.0
"""s of speech over which the gain is averaged."""
LEAST_SHARE, FULL_SHARE = 0.03, 0.15
"""Share of a frame's power that is kept: below the first it holds no speech, above the second it counts in full."""


class LevelState(NamedTuple):
    """What is carried from one audio frame to the next."""

    common: float = 0.0
    """Mean of `Re(E conj(noisy))` over speech."""
    kept: float = 0.0
    """Mean of `|E|^2` over speech."""


class MakeUpGain:
    """Makes up for the level that an estimate lost; holds no state of a recording."""

    def __init__(self, stft: StftConfig) -> None:
        """Set up for the audio frames of a model."""
        self._share = 1 - float(np.exp(-stft.hop / stft.sample_rate / MEMORY_S))

    def gains(
        self, estimate: Spectrum, noisy: Spectrum, state: LevelState
    ) -> tuple[npt.NDArray[np.float32], LevelState]:
        """Give the gain of each audio frame.

        Args:
            estimate: `(freqs, frames)`, enhanced.
            noisy: `(freqs, frames)`, as it went in.
            state: from the call before, `LevelState()` at first.

        Returns:
            `(frames,)` between 1 and `LARGEST_DB`, slow; and the new state.
        """
        common = np.maximum((estimate * noisy.conj()).real.sum(axis=0, dtype=np.float64), 0)
        kept = np.square(np.abs(estimate)).sum(axis=0, dtype=np.float64)
        given = np.square(np.abs(noisy)).sum(axis=0, dtype=np.float64)
        speech = np.clip((kept / np.maximum(given, 1e-12) - LEAST_SHARE) / (FULL_SHARE - LEAST_SHARE), 0, 1)
        largest = amplitude_ratio(LARGEST_DB)
        gains = np.ones(len(kept), dtype=np.float32)
        for frame in range(len(gains)):
            # A pause between words is far softer than the mean, and hardly counts.
            loudness = kept[frame] / (kept[frame] + state.kept + 1e-12)
            share = self._share * min(1.0, 2 * loudness) * speech[frame]
            state = LevelState(
                state.common + share * (common[frame] - state.common), state.kept + share * (kept[frame] - state.kept)
            )
            if state.kept > 0:
                gains[frame] = min(max(state.common / state.kept, 1.0), largest)
        return gains, state
