"""Scores of a long video, segment by segment and as a whole."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from avse.metrics.pesq import pesq_wb
from avse.metrics.score_or_reason import Score
from avse.metrics.si_sdr import si_sdr
from avse.metrics.speech_level import speech_level
from avse.metrics.stoi import estoi
from avse.metrics.suppression import suppression
from avse.types import Waveform
from recipes.speech_benchmark.reader import RATE, LongMixture

SPEAKING = {"pesq_wb": pesq_wb, "estoi": estoi, "si_sdr_db": si_sdr, "level_db": speech_level}
"""Where the target speaks."""
WHOLE = ("pesq_wb", "estoi", "si_sdr_db", "level_db", "suppression_db")
"""Of a whole video."""

Row = dict[str, Any]


def score_video(mixture: LongMixture, estimate: Waveform) -> Row:
    """Score one estimate.

    Args:
        mixture: what was enhanced.
        estimate: `(samples,)`.

    Returns:
        Means of PESQ and ESTOI over the segments in which the target speaks, SI-SDR and level of the speech of the
        whole video, mean suppression over the segments in which it is silent; and the same of every segment. What could
        not be computed is null; in a segment `failed` says why.
    """
    segments = [
        _silent(mixture, estimate, segment.samples)
        if segment.is_silent
        else _speaking(mixture, estimate, segment.samples)
        for segment in mixture.segments
    ]
    whole = {name: _value(SPEAKING[name], mixture.clean, estimate) for name in ("si_sdr_db", "level_db")}
    means = {name: mean_of(segments, name) for name in ("pesq_wb", "estoi", "suppression_db")}
    return {**{name: {**whole, **means}[name] for name in WHOLE}, "segments": segments}


def _value(metric: Any, reference: Waveform, estimate: Waveform) -> float | None:
    score: Score = metric(reference=reference, estimate=estimate, sample_rate=RATE)
    return score.value


def _speaking(mixture: LongMixture, estimate: Waveform, where: slice) -> Row:
    pair = {"reference": mixture.clean[where], "estimate": estimate[where]}
    return _row({name: metric(**pair, sample_rate=RATE) for name, metric in SPEAKING.items()}, where)


def _silent(mixture: LongMixture, estimate: Waveform, where: slice) -> Row:
    score = suppression(reference=mixture.noisy[where], estimate=estimate[where], sample_rate=RATE)
    return _row({"suppression_db": score}, where)


def _row(scores: dict[str, Score], where: slice) -> Row:
    row: Row = {"start_s": where.start / RATE, **{name: score.value for name, score in scores.items()}}
    if failed := {name: score.reason for name, score in scores.items() if score.value is None}:
        row["failed"] = failed
    return row


def mean_of(rows: Sequence[Row], name: str) -> float | None:
    """Mean of a metric where there is one; None if there is none at all."""
    values = [row[name] for row in rows if row.get(name) is not None]
    return fmean(values) if values else None
