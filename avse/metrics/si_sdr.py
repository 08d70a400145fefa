"""Scale-invariant signal-to-distortion ratio (Le Roux et al. 2019, "SDR - half-baked or well done?", eq. 5)."""

import numpy as np

from avse.metrics.score_or_reason import Score, unscorable
from avse.types import FloatWaveform


def si_sdr(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Ratio of the part of the estimate that is the reference to the rest, means removed.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge; its level does not matter.
        sample_rate: Hz; taken for the shape that all metrics share, without effect.

    Returns:
        dB, without bounds; no value for an exact copy, whose ratio is infinite,
        or for other lengths.

    Raises:
        InputError: a waveform is not mono.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> clean, noise = rng.standard_normal((2, 16000))
        >>> si_sdr(reference=clean, estimate=clean + 0.1 * noise, sample_rate=16000).value  # noise 20 dB below
        20.0...
        >>> si_sdr(reference=clean, estimate=clean, sample_rate=16000).reason
        'the estimate is the reference: the ratio is infinite'
    """
    del sample_rate
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    reference = reference.astype(np.float64) - np.mean(reference, dtype=np.float64)
    estimate = estimate.astype(np.float64) - np.mean(estimate, dtype=np.float64)
    reference_power = float(reference @ reference)
    if reference_power == 0 or not estimate.any():
        return Score(None, "a waveform is constant")
    target = (estimate @ reference) / reference_power * reference
    target_power, rest_power = float(target @ target), float(np.sum((estimate - target) ** 2))
    if target_power == 0:
        return Score(None, "the estimate holds nothing of the reference: the ratio is minus infinity")
    if rest_power <= 1e-30 * target_power:
        return Score(None, "the estimate is the reference: the ratio is infinite")
    return Score(10 * float(np.log10(target_power / rest_power)))
