"""Scoring: two waveforms, or many files on all cores."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from avse.errors import AvseError, InputError, MissingExtraError, reason_of
from avse.jobs.places import Place, read_audio_of
from avse.metrics.clipping import n_clipped
from avse.metrics.hearing import NORMAL, Audiogram
from avse.metrics.score_or_reason import Score
from avse.metrics.table import DEFAULT, metric_for
from avse.report.rows import FileScores
from avse.signal.delay import delay_samples, without_delay
from avse.types import FloatWaveform
from avse.workers import in_parallel

NOT_ALIGNED, ALIGNED = " against the reference", " against the reference, which was removed"
LENGTH_DIFFERENCE_S = 0.1
"""Files that differ more in length are not of the same recording; a smaller surplus is cut off."""


@dataclass(frozen=True)
class Pair:
    """Files to score against each other."""

    id: str
    reference: Place
    """Clean."""
    estimate: Place
    noisy: Place | None = None
    """The estimate's input, to score beside it."""
    groups: dict[str, str] = field(default_factory=dict)
    """What the files are of, such as `noise_type`."""
    align: bool = False
    """Remove the delay of each file against the reference before it is scored."""


def score_waveforms(
    *,
    reference: FloatWaveform,
    estimate: FloatWaveform,
    sample_rate: int,
    metrics: Sequence[str] = DEFAULT,
    audiogram: Audiogram = NORMAL,
) -> dict[str, Score]:
    """Score one waveform.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.
        sample_rate: Hz.
        metrics: names from `avse.metrics.table.METRICS`.
        audiogram: the listener of HASPI and HASQI, dB HL at 250, 500, 1000, 2000, 4000 and 6000 Hz.

    Returns:
        A score by metric; a metric whose package is missing has none, with that reason.

    Raises:
        InputError: a waveform is not mono.
    """
    scores = {}
    for name in metrics:
        try:
            metric = metric_for(name, audiogram)
            scores[name] = metric(reference=reference, estimate=estimate, sample_rate=sample_rate)
        except MissingExtraError as error:
            scores[name] = Score(None, str(error))
    return scores


def score_file(
    path: Place,
    *,
    reference: FloatWaveform,
    sample_rate: int,
    metrics: Sequence[str] = DEFAULT,
    audiogram: Audiogram = NORMAL,
    align: bool = False,
) -> tuple[dict[str, Score], list[str]]:
    """Score a file; what cannot be read or compared has failed scores with the reason.

    Args:
        path: waveform to judge; the mean of its channels is.
        reference: `(samples,)` clean waveform.
        sample_rate: Hz of `reference`; the file must have it too.
        metrics: names from `avse.metrics.table.METRICS`.
        audiogram: the listener of HASPI and HASQI.
        align: remove the file's delay against the reference first.

    Returns:
        A score by metric, and notes on the file: clipping, and its delay.
    """
    try:
        channels, rate = read_audio_of(path)
    except AvseError as error:
        return dict.fromkeys(metrics, Score(None, str(error))), []
    notes = _clipping_notes(channels)
    if rate != sample_rate:
        reason = (
            f"sample rate is {rate} Hz but the reference's {sample_rate} Hz; "
            f"convert it: ffmpeg -i IN -ar {sample_rate} OUT.wav"
        )
        return dict.fromkeys(metrics, Score(None, reason)), notes
    estimate = channels.mean(axis=0)
    difference_s = abs(len(reference) - len(estimate)) / rate
    if difference_s > LENGTH_DIFFERENCE_S:
        reason = f"length differs from the reference's by {difference_s:.2f} s"
        return dict.fromkeys(metrics, Score(None, reason)), notes
    delay = delay_samples(reference, estimate, sample_rate=rate)
    if delay:
        notes.append(
            f"{abs(delay) / rate * 1000:.0f} ms {'late' if delay > 0 else 'early'}{ALIGNED if align else NOT_ALIGNED}"
        )
        if align:
            reference, estimate = without_delay(reference, estimate, delay=delay)
    n_samples = min(len(reference), len(estimate))
    scores = score_waveforms(
        reference=reference[:n_samples],
        estimate=estimate[:n_samples],
        sample_rate=rate,
        metrics=metrics,
        audiogram=audiogram,
    )
    return scores, notes


def score_pair(pair: Pair, *, metrics: Sequence[str] = DEFAULT, audiogram: Audiogram = NORMAL) -> FileScores:
    """Score one file, and the noisy one beside it; what cannot be read has failed scores with the reason."""
    paths = paths_of(pair)
    try:
        channels, rate = read_audio_of(pair.reference)
    except AvseError as error:
        return _not_scored(pair, error, metrics=metrics)
    reference = channels.mean(axis=0)
    by_role, notes = {}, [f"reference: {note}" for note in _clipping_notes(channels)]
    for role in ("noisy", "estimate"):
        if role in paths:
            by_role[role], found = score_file(
                paths[role],
                reference=reference,
                sample_rate=rate,
                metrics=metrics,
                audiogram=audiogram,
                align=pair.align,
            )
            notes += [f"{role}: {note}" for note in found]
    return FileScores(pair.id, by_role["estimate"], by_role.get("noisy"), pair.groups, paths, notes)


def score_pairs(
    pairs: Sequence[Pair],
    *,
    metrics: Sequence[str] = DEFAULT,
    audiogram: Audiogram = NORMAL,
    n_workers: int | None = None,
    progress: Callable[[Iterable[FileScores]], Iterable[FileScores]] = iter,
) -> list[FileScores]:
    """Score many files on several cores.

    Args:
        pairs: the files.
        metrics: names from `avse.metrics.table.METRICS`.
        audiogram: the listener of HASPI and HASQI.
        n_workers: processes; one for each core by default.
        progress: wraps the results as they come, to show how far the work is.

    Returns:
        Scores in the order of `pairs`. A file that cannot be scored, or whose process was killed, has failed scores
        with the reason.
    """
    work, lost = scoring(metrics=metrics, audiogram=audiogram)
    return list(progress(in_parallel(work, pairs, n_workers=n_workers, lost=lost)))


def scoring(
    *, metrics: Sequence[str] = DEFAULT, audiogram: Audiogram = NORMAL
) -> tuple[Callable[[Pair], FileScores], Callable[[Pair, AvseError], FileScores]]:
    """How one pair is scored, and what its scores are where that was not possible; for executors.

    Args:
        metrics: names from `avse.metrics.table.METRICS`.
        audiogram: the listener of HASPI and HASQI.
    """
    return partial(_score_safely, metrics=metrics, audiogram=audiogram), partial(_not_scored, metrics=metrics)


def paths_of(pair: Pair) -> dict[str, Place]:
    """The files of a pair by role."""
    paths: dict[str, Place] = {"reference": pair.reference, "estimate": pair.estimate}
    return paths if pair.noisy is None else {**paths, "noisy": pair.noisy}


def _score_safely(pair: Pair, *, metrics: Sequence[str], audiogram: Audiogram) -> FileScores:
    try:
        return score_pair(pair, metrics=metrics, audiogram=audiogram)
    except InputError:  # of the caller, and the same for every file
        raise
    except Exception as error:  # noqa: BLE001 - whatever one file does to a decoder or a metric, the others are scored
        return _not_scored(pair, error, metrics=metrics)


def _not_scored(pair: Pair, error: Exception, *, metrics: Sequence[str]) -> FileScores:
    failed = dict.fromkeys(metrics, Score(None, reason_of(error, thing=f"estimate {pair.estimate}")))
    return FileScores(pair.id, failed, None if pair.noisy is None else failed, pair.groups, paths_of(pair))


def _clipping_notes(channels: FloatWaveform) -> list[str]:
    """A clipped waveform sounds as it scores, so its score counts; but the damage may lie in how it was written."""
    clipped = n_clipped(channels)
    return [f"{clipped} samples are clipped at full scale"] if clipped else []
