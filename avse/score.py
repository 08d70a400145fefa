"""Scoring: two waveforms, or many files on all cores."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from avse.errors import AvseError, MissingExtraError
from avse.media.audio import read_audio
from avse.metrics.score import Score
from avse.metrics.table import DEFAULT, METRICS
from avse.report.rows import FileScores

Waveform = npt.NDArray[np.floating]
Work = TypeVar("Work")
Done = TypeVar("Done")

LENGTH_DIFFERENCE_S = 0.1
"""Files that differ more in length are not of the same recording; a smaller surplus is cut off."""


@dataclass(frozen=True)
class Pair:
    """Files to score against each other."""

    id: str
    reference: Path
    """Clean."""
    estimate: Path
    noisy: Path | None = None
    """The estimate's input, to score beside it."""
    groups: dict[str, str] = field(default_factory=dict)
    """What the files are of, such as `noise_type`."""


def score_waveforms(
    *, reference: Waveform, estimate: Waveform, sample_rate: int, metrics: Sequence[str] = DEFAULT
) -> dict[str, Score]:
    """Score one waveform.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.
        sample_rate: Hz.
        metrics: names from `avse.metrics.table.METRICS`.

    Returns:
        A score by metric; a metric whose package is missing has none, with that reason.

    Raises:
        InputError: a waveform is not mono.
    """
    scores = {}
    for name in metrics:
        try:
            scores[name] = METRICS[name].compute(reference=reference, estimate=estimate, sample_rate=sample_rate)
        except MissingExtraError as error:
            scores[name] = Score(None, str(error))
    return scores


def score_pair(pair: Pair, *, metrics: Sequence[str] = DEFAULT) -> FileScores:
    """Score one file, and the noisy one beside it; what cannot be read has failed scores with the reason."""
    paths = {"reference": pair.reference, "estimate": pair.estimate}
    noisy = None
    if pair.noisy is not None:
        paths["noisy"] = pair.noisy
        noisy = _score_files(pair.reference, pair.noisy, metrics)
    estimate = _score_files(pair.reference, pair.estimate, metrics)
    return FileScores(pair.id, estimate, noisy, pair.groups, paths)


def score_pairs(
    pairs: Sequence[Pair],
    *,
    metrics: Sequence[str] = DEFAULT,
    n_jobs: int | None = None,
    progress: Callable[[Iterable[FileScores]], Iterable[FileScores]] = iter,
) -> list[FileScores]:
    """Score many files on several cores.

    Args:
        pairs: the files.
        metrics: names from `avse.metrics.table.METRICS`.
        n_jobs: processes; one for each core by default.
        progress: wraps the results as they come, to show how far the work is.
    """
    return list(progress(in_parallel(partial(score_pair, metrics=metrics), pairs, n_jobs=n_jobs)))


def in_parallel(work: Callable[[Work], Done], items: Sequence[Work], *, n_jobs: int | None = None) -> Iterator[Done]:
    """Do independent work on several cores, results in order; one process does it itself.

    Args:
        work: a function that can be pickled.
        items: what to do it to.
        n_jobs: processes; one for each core by default.

    Raises:
        AvseError: a process was killed.
    """
    n_jobs = min(n_jobs or os.cpu_count() or 1, len(items))
    if n_jobs <= 1:
        yield from map(work, items)
        return
    try:
        with _single_threaded(), ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn")) as pool:
            yield from pool.map(work, items, chunksize=max(1, min(8, len(items) // (4 * n_jobs))))
    except BrokenProcessPool:
        raise AvseError(
            f"each of {n_jobs} processes must run to its end but one was killed, perhaps for want of memory; "
            "use fewer at a time"
        ) from None


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes that start meanwhile work alone on their core; the libraries' own threads would only fight over it."""
    name = "OMP_NUM_THREADS"
    before = os.environ.get(name)
    os.environ.setdefault(name, "1")
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


def _score_files(reference_path: Path, estimate_path: Path, metrics: Sequence[str]) -> dict[str, Score]:
    try:
        reference, rate = _read_mono(reference_path)
        estimate, estimate_rate = _read_mono(estimate_path)
    except AvseError as error:
        return dict.fromkeys(metrics, Score(None, str(error)))
    if estimate_rate != rate:
        return dict.fromkeys(metrics, Score(None, f"sample rate is {estimate_rate} Hz but the reference's {rate} Hz"))
    difference_s = abs(len(reference) - len(estimate)) / rate
    if difference_s > LENGTH_DIFFERENCE_S:
        return dict.fromkeys(metrics, Score(None, f"length differs from the reference's by {difference_s:.2f} s"))
    n_samples = min(len(reference), len(estimate))
    return score_waveforms(
        reference=reference[:n_samples], estimate=estimate[:n_samples], sample_rate=rate, metrics=metrics
    )


def _read_mono(path: Path) -> tuple[Waveform, int]:
    waveform, rate = read_audio(path)
    return waveform.mean(axis=0), rate
