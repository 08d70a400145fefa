"""Channels of opposite phase, whose mean would cancel the voice."""

import numpy as np
import numpy.typing as npt

from avse.types import Waveform

CANCELLED_DB = -12.0
"""Power of the channels' mean over their mean power, dB, below which a mean cancels. Independent channels have -3 dB
for two of them and -9 dB for eight, so what lies lower is of opposite phase."""


class PhaseMeter:
    """How the channels of a recording that comes in blocks go together.

    Examples:
        >>> wave = np.sin(np.arange(1000, dtype=np.float32))
        >>> meter = PhaseMeter(n_channels=2)
        >>> meter.push(np.stack([wave, -wave]))  # their plain mean would be silent
        >>> meter.signs().tolist()
        [1.0, -1.0]
    """

    def __init__(self, n_channels: int) -> None:
        """Set up; `n_channels` of the recording."""
        self._products = np.zeros((n_channels, n_channels))

    def push(self, block: Waveform) -> None:
        """Take samples, `(channels, samples)`."""
        wide = block.astype(np.float64)
        self._products += wide @ wide.T

    @property
    def mean_over_channels_db(self) -> float:
        """Power of the channels' mean relative to their mean power, dB; 0 for silence."""
        mean_power = float(np.trace(self._products)) / len(self._products)
        if mean_power <= 0:
            return 0.0
        return 10 * float(np.log10(max(1e-12, float(self._products.mean()) / mean_power)))

    def signs(self) -> npt.NDArray[np.float32]:
        """What to multiply the channels with before they are averaged, `(channels,)` of +-1.

        All are 1 unless the plain mean cancels; then each channel gets the sign of its correlation with the strongest
        one, which makes the mean of two opposite channels half of their difference.
        """
        ones = np.ones(len(self._products), dtype=np.float32)
        if self.mean_over_channels_db >= CANCELLED_DB:
            return ones
        strongest = int(np.argmax(np.diag(self._products)))
        return np.where(self._products[strongest] < 0, -ones, ones)
