"""Scores of an enhanced recording where the user has its clean audio."""

from pathlib import Path

from avse.demo.enhancement import Shown
from avse.metrics.table import METRICS, default_metrics
from avse.score import Pair, score_pair

HEADINGS = ("metric", "before", "after", "gain")


def score_rows(clean: Path, shown: Shown, *, noisy: Path) -> tuple[list[list[str]], list[str]]:
    """Score before and after against clean audio.

    Args:
        clean: audio file of the same rate and length.
        shown: the enhanced recording.
        noisy: audio before.

    Returns:
        Rows under `HEADINGS`, `-` where there is no score; and why there is none, and notes on the files.
    """
    names, _ = default_metrics()
    scores = score_pair(Pair(shown.audio.stem, clean, shown.audio, noisy), metrics=names)
    rows = []
    for name in names:
        values = [(by_name or {}).get(name) for by_name in (scores.noisy, scores.estimate, scores.gain)]
        digits = METRICS[name].digits
        cells = ["-" if score is None or score.value is None else f"{score.value:.{digits}f}" for score in values]
        rows.append([METRICS[name].title, *cells])
    return rows, [*scores.failures, *scores.notes]
