"""Hearing-aid speech perception index, version 2 (Kates and Arehart 2021), by pyclarity."""

from avse.metrics.hearing import FREQUENCIES_HZ, LEVEL_DB_SPL, NORMAL, Audiogram, judge
from avse.metrics.score_or_reason import Score
from avse.types import FloatWaveform


def haspi(
    *, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int, audiogram: Audiogram = NORMAL
) -> Score:
    """Predicted share of words that a listener understands.

    The reference is heard by a normal ear, the estimate by the listener's.

    Args:
        reference: `(samples,)` clean waveform; heard at 65 dB SPL.
        estimate: `(samples,)` waveform to judge; its level against the reference's matters.
        sample_rate: Hz; the ear model converts to 24 kHz.
        audiogram: the listener's hearing losses, dB HL at 250, 500, 1000, 2000, 4000 and 6000 Hz.

    Returns:
        About 0 to 1, larger is more intelligible; no value for less than 0.25 s of speech.

    Raises:
        InputError: a waveform is not mono, or the audiogram is not six losses from 0 to 120 dB.
        MissingExtraError: the package `pyclarity` is not installed.
    """
    return judge(
        "HASPI", _measure, reference=reference, estimate=estimate, sample_rate=sample_rate, audiogram=audiogram
    )


def _measure(reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int, audiogram: Audiogram) -> float:
    from clarity.evaluator.haspi import haspi_v2
    from clarity.utils.audiogram import Audiogram as Losses

    listener = Losses(levels=audiogram, frequencies=FREQUENCIES_HZ)
    value, _ = haspi_v2(reference, sample_rate, estimate, sample_rate, listener, level1=LEVEL_DB_SPL)
    return float(value)
