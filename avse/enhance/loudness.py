"""An enhanced recording at the loudness that a platform asks for, its peaks below the ceiling.

Without a target the speech is as loud as in the input: `avse.enhance.level` does that while it is enhanced.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from avse.errors import InputError
from avse.signal.decibel import amplitude_ratio
from avse.signal.limiter import CEILING_DB, TruePeakLimiter
from avse.signal.loudness import LoudnessMeter
from avse.types import Waveform

KEEP = "keep"
LOWEST_LUFS, HIGHEST_LUFS = -40.0, -9.0
"""Targets: below, speech is too quiet for any device; above, the limiter would flatten it."""


def read_loudness(text: str) -> float | None:
    """Take a loudness as it is typed.

    Args:
        text: `keep`, or LUFS.

    Returns:
        LUFS; None keeps the speech as loud as in the input.

    Raises:
        InputError: it is neither, or out of range.

    Examples:
        >>> read_loudness("-16")
        -16.0
    """
    if text == KEEP:
        return None
    try:
        return check_loudness(float(text))
    except ValueError:
        raise InputError(f"loudness must be keep or a number of LUFS but is {text[:20]!r}; try -16") from None


def check_loudness(target_lufs: float) -> float:
    """Give a target back that makes sense.

    Raises:
        InputError: it does not.
    """
    if not LOWEST_LUFS <= target_lufs <= HIGHEST_LUFS:
        raise InputError(
            f"loudness must be {LOWEST_LUFS:g} to {HIGHEST_LUFS:g} LUFS but is {target_lufs:g}; "
            "try -16 (podcasts) or -23 (EBU R128)"
        )
    return target_lufs


class Normaliser:
    """Measures a whole recording, then brings it to its target, in blocks both times."""

    def __init__(self, target_lufs: float, *, sample_rate: int, n_channels: int) -> None:
        """Set up.

        Args:
            target_lufs: integrated loudness wanted, LUFS.
            sample_rate: Hz.
            n_channels: of every block.
        """
        self._target_lufs = check_loudness(target_lufs)
        self._rate, self._n_channels = sample_rate, n_channels
        self._meter = LoudnessMeter(sample_rate=sample_rate, n_channels=n_channels)

    def measure(self, block: Waveform) -> None:
        """Take samples of the first pass, `(channels, samples)`."""
        self._meter.push(block)

    @property
    def gain_db(self) -> float:
        """What all that was measured needs, dB; 0 for silence, which has no loudness."""
        loudness = self._meter.loudness_lufs()
        return self._target_lufs - loudness if np.isfinite(loudness) else 0.0

    def normalised(self, blocks: Iterable[Waveform]) -> Iterator[Waveform]:
        """The samples of the second pass, `(channels, samples)` each, at the target, in all as many."""
        gain = np.float32(amplitude_ratio(self.gain_db))
        limiter = TruePeakLimiter(sample_rate=self._rate, n_channels=self._n_channels, ceiling_db=CEILING_DB)
        for block in blocks:
            yield limiter.push(gain * block)
        yield limiter.finish()
