"""How loud an audio signal is over time."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from avse.signal.decibel import power_ratio

FLOOR_DB = -100.0
"""The least level: that of silence."""


class LevelMeter:
    """Mean power in short stretches of a recording that comes in blocks.

    Examples:
        A full-scale square wave has 0 dB, half of it -6 dB:

        >>> meter = LevelMeter(sample_rate=1000, rate_hz=10)
        >>> meter.push(np.concatenate([np.ones((1, 100)), np.full((1, 100), 0.5)], axis=1).astype(np.float32))
        >>> meter.level_db().astype(float).round(2).tolist()
        [0.0, -6.02]
    """

    def __init__(self, *, sample_rate: int, rate_hz: float = 50.0) -> None:
        """Set up.

        Args:
            sample_rate: Hz.
            rate_hz: levels a second.
        """
        self._stretch = max(1, round(sample_rate / rate_hz))
        self.rate_hz = sample_rate / self._stretch
        self._sample_rate, self.n_samples = sample_rate, 0
        self._waiting = np.zeros(0, dtype=np.float32)
        self._powers: list[npt.NDArray[np.float32]] = []

    @property
    def duration_s(self) -> float:
        """Length of the recording so far."""
        return self.n_samples / self._sample_rate

    def push(self, block: npt.NDArray[np.float32]) -> None:
        """Take samples, `(channels, samples)`."""
        self.n_samples += block.shape[1]
        power = np.concatenate([self._waiting, np.square(block).mean(axis=0, dtype=np.float32)])
        whole = len(power) // self._stretch * self._stretch
        self._powers.append(power[:whole].reshape(-1, self._stretch).mean(axis=1))
        self._waiting = power[whole:]

    def push_all(self, blocks: Iterable[npt.NDArray[np.float32]]) -> None:
        """Take all blocks of a recording, `(channels, samples)` each."""
        for block in blocks:
            self.push(block)

    def level_db(self) -> npt.NDArray[np.float32]:
        """Level of each whole stretch so far, `(n,)`, dB relative to full scale, at least `FLOOR_DB`."""
        power = np.concatenate(self._powers) if self._powers else np.zeros(0, dtype=np.float32)
        return 10 * np.log10(np.maximum(power, power_ratio(FLOOR_DB))).astype(np.float32)
