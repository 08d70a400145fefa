"""How much louder or softer the speech itself came out: the scale of the target in the estimate."""

import numpy as np

from avse.metrics.score_or_reason import Score, unscorable
from avse.types import FloatWaveform


def speech_level(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Level of the speech in the estimate against the clean speech, noise aside.

    The estimate is projected on the reference, as in SI-SDR (Le Roux et al. 2019, eq. 4): what is left of the noise is
    nearly orthogonal to the speech and does not count, unlike in a ratio of powers.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.
        sample_rate: Hz; taken for the shape that all metrics share, without effect.

    Returns:
        dB: 0 where the speech is as loud as it was, -6 where its amplitude was halved. No value where the estimate
        holds nothing of the reference, or runs against it (its sign inverted).

    Raises:
        InputError: a waveform is not mono.
    """
    del sample_rate
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    reference = reference.astype(np.float64) - np.mean(reference, dtype=np.float64)
    estimate = estimate.astype(np.float64) - np.mean(estimate, dtype=np.float64)
    power, product = float(reference @ reference), float(estimate @ reference)
    if power == 0:
        return Score(None, "the reference is constant")
    if product <= 0:
        return Score(None, "the estimate holds nothing of the reference: its level is minus infinity")
    return Score(20 * float(np.log10(product / power)))
