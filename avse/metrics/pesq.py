"""Perceptual evaluation of speech quality, narrow band (ITU-T P.862.1) and wide band (P.862.2), by the pesq package."""

import io
import sys
from typing import Final

import numpy as np

from avse.errors import MissingExtraError
from avse.metrics.score_or_reason import Score, unscorable
from avse.signal.resample import resample
from avse.types import FloatWaveform
from avse.workers import run_module

SHORTEST_S: Final = 0.25
"""Of what P.862 takes."""
SAFE_S: Final = 20.0
"""The package's C code holds 50 utterances and overruns its memory beyond. An utterance and its pause last 0.4 s at
least, so no recording this short holds more; a longer one is measured in a process of its own, which may crash."""


def pesq_wb(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Predicted listening quality in the band of 50 to 7000 Hz.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge; its level does not matter.
        sample_rate: Hz; converted to 16 kHz.

    Returns:
        MOS-LQO, 1.02 to 4.64; no value where P.862 finds no utterance, or more than it can hold.

    Raises:
        InputError: a waveform is not mono.
        MissingExtraError: the package `pesq` is not installed.
    """
    return _pesq(reference, estimate, sample_rate, mode="wb")


def pesq_nb(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Predicted listening quality in the telephone band.

    Computed at 8 kHz for waveforms of 8 kHz, else at 16 kHz, as the field does.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.
        sample_rate: Hz.

    Returns:
        MOS-LQO, 1.02 to 4.55; no value where `pesq_wb` has none.

    Raises:
        InputError: a waveform is not mono.
        MissingExtraError: the package `pesq` is not installed.
    """
    return _pesq(reference, estimate, sample_rate, mode="nb")


def _pesq(reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int, *, mode: str) -> Score:
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    duration_s = len(reference) / sample_rate
    if duration_s < SHORTEST_S:
        return Score(None, f"PESQ: {duration_s:.2f} s is shorter than {SHORTEST_S} s")
    rate = 8000 if sample_rate == 8000 and mode == "nb" else 16000
    pair = np.stack([
        resample(waveform.astype(np.float32), source_rate=sample_rate, target_rate=rate)
        for waveform in (reference, estimate)
    ])  # fmt: skip
    return _measure(pair, rate, mode) if duration_s <= SAFE_S else _measure_apart(pair, rate, mode)


def _measure(pair: FloatWaveform, rate: int, mode: str) -> Score:
    try:
        from pesq import PesqError, pesq
    except ImportError:
        raise MissingExtraError(
            "PESQ needs the package pesq, which is not installed; run: pip install 'avse[score]'"
        ) from None
    try:
        return Score(float(pesq(rate, *pair, mode)))
    except (PesqError, ValueError) as error:  # ValueError: the level is so low that the result is NaN.
        text = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        return Score(None, f"PESQ: {text or type(error).__name__}")


def _measure_apart(pair: FloatWaveform, rate: int, mode: str) -> Score:
    """Measure in another process; a crash of it is a failed score."""
    sent = io.BytesIO()
    np.save(sent, pair)
    # Not multiprocessing: that would run the caller's script again where it lacks a main guard.
    done = run_module("avse.metrics.pesq", str(rate), mode, input=sent.getvalue(), capture_output=True)
    if done.returncode == 0:
        kind, _, text = done.stdout.decode().strip().partition(" ")
        if kind == "missing":
            raise MissingExtraError(text)
        return Score(float(text)) if kind == "value" else Score(None, text)
    return Score(None, f"PESQ: the package fails on these {pair.shape[1] / rate:.0f} s, which hold more than 50 "
                 "utterances; score shorter pieces")  # fmt: skip


def _main(rate: int, mode: str) -> str:
    """What the other process answers: a kind and, after a space, the rest."""
    try:
        score = _measure(np.load(io.BytesIO(sys.stdin.buffer.read())), rate, mode)
    except MissingExtraError as error:
        return f"missing {error}"
    return f"value {score.value!r}" if score.value is not None else f"failed {score.reason}"


if __name__ == "__main__":
    sys.stdout.write(_main(int(sys.argv[1]), sys.argv[2]))
