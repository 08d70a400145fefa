"""A true-peak limiter: no peak between samples above a ceiling, and no sample changed where none is near it."""

import numpy as np
import numpy.typing as npt

from avse.signal.decibel import amplitude_ratio
from avse.signal.loudness import TruePeak
from avse.types import Waveform

REACH_S = 0.01
"""How long before a peak the gain begins to fall, and after it to rise: long against a period of a voice."""
CEILING_DB = -1.0
"""dBTP, as EBU R128 recommends."""


class TruePeakLimiter:
    """Lowers the gain smoothly around peaks, of all channels alike; gives samples a little later, in all as many.

    Each sample needs some gain to keep its peak below the ceiling. The gain that is used is the least needed one within
    `REACH_S`, averaged with a Hann window of the same reach: an average of values none of which is above what the
    sample needs.
    """

    def __init__(self, *, sample_rate: int, n_channels: int, ceiling_db: float = CEILING_DB) -> None:
        """Set up.

        Args:
            sample_rate: Hz.
            n_channels: of every block.
            ceiling_db: dB of full scale.
        """
        self._reach = max(1, round(REACH_S * sample_rate))
        window = np.hanning(2 * self._reach + 3)[1:-1]
        self._window = window / window.sum()
        self._ceiling = amplitude_ratio(ceiling_db)
        self._peaks = TruePeak(sample_rate=sample_rate, n_channels=n_channels)
        self._samples = np.zeros((n_channels, 0), dtype=np.float32)
        # Needed gains, from twice the reach before the first sample that waits.
        self._needed = np.ones(2 * self._reach)

    def push(self, block: Waveform) -> Waveform:
        """Take samples, give limited ones.

        Args:
            block: `(channels, samples)`.

        Returns:
            `(channels, samples)`, perhaps none.
        """
        self._samples = np.concatenate([self._samples, block], axis=1)
        return self._take(self._peaks.push(block))

    def finish(self) -> Waveform:
        """Give the rest, `(channels, samples)`."""
        rest = self._take(self._peaks.finish())
        self._needed = np.concatenate([self._needed, np.ones(2 * self._reach)])
        return np.concatenate([rest, self._take(np.zeros(0))], axis=1)

    def _take(self, peaks: npt.NDArray[np.float64]) -> Waveform:
        self._needed = np.concatenate([self._needed, self._ceiling / np.maximum(peaks, self._ceiling)])
        n_samples = max(0, len(self._needed) - 4 * self._reach)
        samples, self._samples = self._samples[:, :n_samples], self._samples[:, n_samples:]
        needed, self._needed = self._needed, self._needed[n_samples:]
        if n_samples == 0 or needed.min() == 1:
            return samples
        from scipy.ndimage import minimum_filter1d  # slow to import: a cold start does without
        from scipy.signal import fftconvolve

        least = minimum_filter1d(needed, 2 * self._reach + 1)[self._reach : -self._reach]
        gain = fftconvolve(least, self._window, mode="valid")
        limited: Waveform = (samples * np.minimum(gain, 1)).astype(np.float32)
        return limited
