"""Segmental signal-to-noise ratio (Hansen and Pellom 1998; Loizou, "Speech Enhancement", 2nd edition, 2013)."""

from typing import Final

import numpy as np

from avse.metrics.score_or_reason import Score, unscorable
from avse.types import FloatWaveform

SEGMENT_S: Final = 0.03
"""Segments overlap by three quarters."""
RANGE_DB: Final = (-10.0, 35.0)
"""Beyond these a segment's ratio says nothing more: it is silence, or as good as perfect."""
TINY: Final = 1e-12
"""Power added to both, so that a silent segment has a ratio."""


def segmental_snr(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Mean over short segments of the ratio of the clean speech's power to the difference's.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge; its level matters.
        sample_rate: Hz.

    Returns:
        dB, from -10 to 35; no value for less than a segment, or for other lengths.

    Raises:
        InputError: a waveform is not mono.
    """
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    size = round(SEGMENT_S * sample_rate)
    if len(reference) < size:
        return Score(None, f"segmental SNR: less than {SEGMENT_S:g} s")
    window, hop = np.hanning(size + 2)[1:-1], max(1, size // 4)

    def segments(waveform: FloatWaveform) -> FloatWaveform:
        return np.lib.stride_tricks.sliding_window_view(waveform, size)[::hop] * window

    speech = reference.astype(np.float64)
    clean, difference = segments(speech), segments(speech - estimate)
    powers = [np.sum(each**2, axis=1) + TINY for each in (clean, difference)]
    ratios_db = 10 * np.log10(powers[0] / powers[1])
    return Score(float(np.clip(ratios_db, *RANGE_DB).mean()))
