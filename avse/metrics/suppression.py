"""How far audio was lowered that should not be there at all, such as other voices while the target is silent."""

import numpy as np

from avse.metrics.score_or_reason import Score, unscorable
from avse.types import FloatWaveform

FLOOR_DB = 100.0
"""Most that is reported: 16-bit audio holds 96 dB, and an estimate of zeros would be infinitely low."""


def suppression(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Ratio of the mean powers of input and output.

    Args:
        reference: `(samples,)` what went in, all of it unwanted.
        estimate: `(samples,)` what came out.
        sample_rate: Hz; taken for the shape that all metrics share, without effect.

    Returns:
        dB, at most `FLOOR_DB`; 0 where nothing was lowered, 20 where a tenth of the amplitude is left.

    Raises:
        InputError: a waveform is not mono.

    Examples:
        >>> voice = np.random.default_rng(0).standard_normal(16000)
        >>> suppression(reference=voice, estimate=0.1 * voice, sample_rate=16000).value
        20.0...
    """
    del sample_rate
    if reference.ndim == estimate.ndim == 1 and len(reference) == len(estimate) and not estimate.any():
        return Score(FLOOR_DB) if reference.any() else Score(None, "reference is silent")
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    before, after = (float(np.mean(np.square(w, dtype=np.float64))) for w in (reference, estimate))
    return Score(min(FLOOR_DB, 10 * float(np.log10(before / after))))
