"""Brings what is far quieter or louder than speech in training into its range; what is within it passes unchanged."""

from typing import NamedTuple

import numpy as np

from avse.signal.decibel import amplitude_ratio
from avse.signal.stft_config import StftConfig
from avse.types import FloatArray, Spectrum

QUIETEST_DB, LOUDEST_DB = -45.0, -10.0
"""dB of full scale: the range of mean levels that training mixtures have."""
START_DB = -30.0
"""The level that is assumed at first, so that a silent beginning is not raised at once."""
FALL_DB_PER_S = 15.0
"""So fast the level is taken to fall where the audio becomes quieter; where it becomes louder, at once."""
MOST_DB = 50.0
"""Largest gain, so that digital silence is not raised without end."""


class InputGain(NamedTuple):
    """The gain of a recording so far; equal for files and streams, for it knows the past alone."""

    level_db: float = START_DB
    """Of the loudest frame, falling since then."""

    def gains(self, noisy: Spectrum, stft: StftConfig) -> tuple[FloatArray, "InputGain"]:
        """Give a gain for each of the next frames.

        Args:
            noisy: `(freqs, frames)`.
            stft: of the spectrum.

        Returns:
            `(frames,)`, and what comes after.
        """
        # By Parseval: the squared Hann window sums to 3/8 of its length, and the frequencies are one of two halves.
        powers = 16 / 3 * np.square(np.abs(noisy)).sum(axis=0) / stft.window**2
        levels_db = 10 * np.log10(np.maximum(powers, 1e-12))
        fall_db, level_db, held = FALL_DB_PER_S * stft.hop / stft.sample_rate, self.level_db, []
        for frame_db in levels_db.tolist():
            level_db = max(frame_db, level_db - fall_db, QUIETEST_DB - MOST_DB)
            held.append(level_db)
        wanted_db = np.clip(held, QUIETEST_DB, LOUDEST_DB) - np.array(held)
        return amplitude_ratio(wanted_db).astype(np.float32), InputGain(level_db)
