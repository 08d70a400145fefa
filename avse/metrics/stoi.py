"""Short-time objective intelligibility, plain (Taal et al. 2011) and extended (Jensen and Taal 2016), by pystoi."""

import warnings
from typing import Final

from avse.metrics.score_or_reason import Score, unscorable
from avse.types import FloatWaveform

SHORTEST_S: Final = 0.3968
"""30 frames of 25.6 ms every 12.8 ms, over which the measure correlates."""
TOO_SHORT: Final = "less than 0.4 s of speech"
DIGITS: Final = 9
"""Decimal places that are kept: pystoi adds noise of 1e-16 to the extended measure, drawn differently in each run."""


def stoi(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Correlation of the band envelopes of reference and estimate.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.
        sample_rate: Hz; pystoi converts to 10 kHz.

    Returns:
        About 0 to 1, larger is more intelligible; no value where less than 0.4 s of speech is left.

    Raises:
        InputError: a waveform is not mono.
    """
    return _pystoi(reference, estimate, sample_rate, extended=False)


def estoi(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """The extended measure (Jensen and Taal 2016), which also holds in noise with fast modulations.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.
        sample_rate: Hz; pystoi converts to 10 kHz.

    Returns:
        About 0 to 1, larger is more intelligible; no value where `stoi` has none.

    Raises:
        InputError: a waveform is not mono.
    """
    return _pystoi(reference, estimate, sample_rate, extended=True)


def _pystoi(reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int, *, extended: bool) -> Score:
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    if len(reference) < SHORTEST_S * sample_rate:
        return Score(None, TOO_SHORT)
    from pystoi import stoi as measure

    with warnings.catch_warnings():
        # pystoi answers 1e-5 for what it cannot judge, and only the warning tells.
        warnings.filterwarnings("error", message="Not enough STFT frames")
        try:
            return Score(round(float(measure(reference, estimate, sample_rate, extended=extended)), DIGITS))
        except RuntimeWarning:
            return Score(None, TOO_SHORT)
