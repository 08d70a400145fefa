"""Speech distortion index (Chen, Benesty, Huang, Doclo 2006, "New insights into the noise reduction Wiener filter").

`sum (s - y)**2 / sum s**2` of clean samples s and judged samples y. The paper writes it with expectations, and with y
the clean speech alone through the filter that was used on the noisy; of a network's output that part is not known. The
output as a whole stands in for it, so that noise that was left counts as well.
"""

import numpy as np

from avse.metrics.score_or_reason import Score, unscorable
from avse.types import FloatWaveform


def sdi(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Power of the difference to the clean speech, by the power of the clean speech.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge; its level matters.
        sample_rate: Hz; taken for the shape that all metrics share, without effect.

    Returns:
        0 for an exact copy, 1 for as much difference as there is speech, without an upper bound; less is better. No
        value for other lengths.

    Raises:
        InputError: a waveform is not mono.

    Examples:
        >>> clean = np.array([1.0, -2.0, 3.0, -2.0])
        >>> sdi(reference=clean, estimate=0.5 * clean, sample_rate=16000).value
        0.25
    """
    del sample_rate
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    clean, judged = reference.astype(np.float64), estimate.astype(np.float64)
    return Score(float(np.sum((clean - judged) ** 2) / np.sum(clean**2)))
