"""Hearing-aid speech quality index, version 2 (Kates and Arehart 2014), by pyclarity."""

from avse.metrics.hearing import FREQUENCIES_HZ, LEVEL_DB_SPL, NORMAL, Audiogram, judge
from avse.metrics.score_or_reason import Score
from avse.types import FloatWaveform


def hasqi(
    *, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int, audiogram: Audiogram = NORMAL
) -> Score:
    """Predicted quality for a listener.

    The listener hears both; the reference with the gain of a plain linear hearing aid (NAL-R), the estimate without.

    Args:
        reference: `(samples,)` clean waveform; at 65 dB SPL before that gain.
        estimate: `(samples,)` waveform to judge; its level against the reference's matters.
        sample_rate: Hz; the ear model converts to 24 kHz.
        audiogram: the listener's hearing losses, dB HL at 250, 500, 1000, 2000, 4000 and 6000 Hz.

    Returns:
        0 to 1, larger is better; no value for less than 0.25 s of speech, or where the listener hears none of it.

    Raises:
        InputError: a waveform is not mono, or the audiogram is not six losses from 0 to 120 dB.
        MissingExtraError: the package `pyclarity` is not installed.
    """
    return judge(
        "HASQI", _measure, reference=reference, estimate=estimate, sample_rate=sample_rate, audiogram=audiogram
    )


def _measure(reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int, audiogram: Audiogram) -> float:
    from clarity.evaluator.hasqi import hasqi_v2
    from clarity.utils.audiogram import Audiogram as Losses

    listener = Losses(levels=audiogram, frequencies=FREQUENCIES_HZ)
    value, *_ = hasqi_v2(reference, sample_rate, estimate, sample_rate, listener, level1=LEVEL_DB_SPL)
    return float(value)
