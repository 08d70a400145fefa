"""Perceptual evaluation of speech quality, narrow band (ITU-T P.862.1) and wide band (P.862.2), by the pesq package."""

import numpy as np

from avse.errors import MissingExtraError
from avse.metrics.score import Score, Waveform, unscorable
from avse.signal.resample import resample


def pesq_wb(*, reference: Waveform, estimate: Waveform, sample_rate: int) -> Score:
    """Predicted listening quality in the band of 50 to 7000 Hz.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge; its level does not matter.
        sample_rate: Hz; converted to 16 kHz.

    Returns:
        MOS-LQO, 1.02 to 4.64; no value where P.862 finds no utterance.

    Raises:
        InputError: the lengths differ.
        MissingExtraError: the package `pesq` is not installed.
    """
    return _pesq(reference, estimate, sample_rate, mode="wb")


def pesq_nb(*, reference: Waveform, estimate: Waveform, sample_rate: int) -> Score:
    """Predicted listening quality in the telephone band.

    As `pesq_wb`; at 8 kHz for waveforms of 8 kHz, else at 16 kHz. 1.02 to 4.55.
    """
    return _pesq(reference, estimate, sample_rate, mode="nb")


def _pesq(reference: Waveform, estimate: Waveform, sample_rate: int, *, mode: str) -> Score:
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    try:
        from pesq import PesqError, pesq
    except ImportError:
        raise MissingExtraError(
            "PESQ needs the package pesq, which is not installed; run: pip install 'avse[score]'"
        ) from None
    rate = 8000 if sample_rate == 8000 and mode == "nb" else 16000
    pair = [
        resample(waveform.astype(np.float32), source_rate=sample_rate, target_rate=rate)
        for waveform in (reference, estimate)
    ]
    try:
        return Score(float(pesq(rate, *pair, mode)))
    except PesqError as error:
        text = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        return Score(None, f"PESQ: {text or type(error).__name__}")
