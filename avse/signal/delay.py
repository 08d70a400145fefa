"""How late one waveform is against another, by the peak of their cross-correlation."""

import numpy as np
from scipy.signal import correlate

from avse.types import FloatWaveform

LONGEST_S = 0.5
"""Delays beyond are not looked for."""
LISTENED_S = 60.0
"""Of the beginning that is compared."""
SHORTEST_S = 0.001
"""Delays below do no harm to a perceptual score, and filters of a model may have them."""
CERTAIN = 0.3
"""Least correlation coefficient at the peak: that of speech in noise at an SNR of -10 dB."""
ABOVE_ZERO = 1.2
"""Times that the peak is higher than the correlation without delay, or that is what is true."""


def delay_samples(reference: FloatWaveform, estimate: FloatWaveform, *, sample_rate: int) -> int:
    """Delay of an estimate against its reference.

    Args:
        reference: `(samples,)`.
        estimate: `(samples,)`, which may be of another length.
        sample_rate: Hz of both.

    Returns:
        Samples that the estimate is late, negative if it is early; 0 where none of a millisecond or more is certain.
    """
    n_samples = round(LISTENED_S * sample_rate)
    first, second = (np.asarray(w[:n_samples], dtype=np.float64) for w in (reference, estimate))
    scale = np.linalg.norm(first) * np.linalg.norm(second)
    if not np.isfinite(scale) or scale == 0:
        return 0
    # Entry i is the correlation at a lag of i - (len(first) - 1) samples.
    correlation = correlate(second, first, method="fft") / scale
    zero = len(first) - 1
    reach = round(LONGEST_S * sample_rate)
    low = max(0, zero - reach)
    lag = low + int(correlation[low : zero + reach + 1].argmax()) - zero
    peak = correlation[zero + lag]
    is_certain = peak >= CERTAIN and peak > ABOVE_ZERO * correlation[zero]
    return lag if is_certain and abs(lag) >= SHORTEST_S * sample_rate else 0


def without_delay(
    reference: FloatWaveform, estimate: FloatWaveform, *, delay: int
) -> tuple[FloatWaveform, FloatWaveform]:
    """Cut off what only one of both holds, so that they begin at the same moment.

    Args:
        reference: `(samples,)`.
        estimate: `(samples,)`.
        delay: of the estimate, samples; negative if it is early.
    """
    return reference[max(0, -delay) :], estimate[max(0, delay) :]
