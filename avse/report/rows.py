"""Scores of files, and what they come to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from avse.jobs.places import Place
from avse.metrics.score_or_reason import Score

ROLES = ("noisy", "estimate", "gain")


@dataclass(frozen=True)
class FileScores:
    """One file's scores."""

    id: str
    estimate: dict[str, Score]
    """By metric."""
    noisy: dict[str, Score] | None = None
    """Of the file before it was enhanced, by metric."""
    groups: dict[str, str] = field(default_factory=dict)
    """What the file is of, such as `split`, `noise_type`, `snr_db`."""
    paths: dict[str, Place] = field(default_factory=dict)
    """Of `reference`, `estimate` and perhaps `noisy`."""
    notes: list[str] = field(default_factory=list)
    """Remarks on a file that was scored all the same, such as that they are clipped."""

    @property
    def gain(self) -> dict[str, Score] | None:
        """By how much the estimate scores above noisy, by metric; None without noisy."""
        if self.noisy is None:
            return None
        return {metric: _difference(score, self.noisy.get(metric)) for metric, score in self.estimate.items()}

    @property
    def failures(self) -> list[str]:
        """What could not be computed, and why; a reason that metrics share stands once."""
        lines = []
        for role, scores in (("noisy", self.noisy or {}), ("estimate", self.estimate)):
            reasons: dict[str, list[str]] = {}
            for metric, score in scores.items():
                if score.value is None:
                    reasons.setdefault(score.reason or "unknown", []).append(metric)
            for reason, metrics in reasons.items():
                what = "" if len(metrics) == len(scores) else f" {', '.join(metrics)}"
                lines.append(f"{role}{what}: {reason}")
        return lines


@dataclass(frozen=True)
class Summary:
    """What one metric comes to over some files."""

    mean: float | None
    std: float | None
    """Of the files, with n - 1; None below two."""
    n: int
    """Files scored."""
    n_failed: int
    reasons: dict[str, int]
    """Why files failed, and how many did."""


def summarise(rows: Sequence[FileScores], *, role: str, metric: str) -> Summary | None:
    """Sum up one metric.

    Args:
        rows: the files.
        role: one of `ROLES`.
        metric: its name.

    Returns:
        None if no file has this metric in this role at all.
    """
    scores = [scores[metric] for row in rows if (scores := getattr(row, role)) and metric in scores]
    if not scores:
        return None
    values = [score.value for score in scores if score.value is not None]
    reasons = Counter(score.reason or "unknown" for score in scores if score.value is None)
    return Summary(
        mean=fmean(values) if values else None,
        std=stdev(values) if len(values) > 1 else None,
        n=len(values),
        n_failed=len(scores) - len(values),
        reasons=dict(reasons),
    )


def group_by(rows: Sequence[FileScores], *keys: str) -> dict[tuple[str, ...], list[FileScores]]:
    """Files of the same kind together, kinds in order; files that lack a key are skipped.

    Args:
        rows: the files.
        keys: names of groups, such as `noise_type`.
    """
    kinds: dict[tuple[str, ...], list[FileScores]] = {}
    for row in rows:
        if all(key in row.groups for key in keys):
            kinds.setdefault(tuple(row.groups[key] for key in keys), []).append(row)
    return dict(sorted(kinds.items(), key=lambda entry: tuple(_sortable(part) for part in entry[0])))


def metric_names(rows: Sequence[FileScores]) -> list[str]:
    """The metrics that some file has, in their first order."""
    return list(dict.fromkeys(name for row in rows for name in row.estimate))


def _difference(after: Score, before: Score | None) -> Score:
    if after.value is None or before is None or before.value is None:
        return Score(None, "not scored in both noisy and estimate")
    return Score(after.value - before.value)


def _sortable(text: str) -> tuple[int, float, str]:
    """Numbers by size, before words."""
    try:
        return 0, float(text), ""
    except ValueError:
        return 1, 0.0, text
