"""How sure means and differences are, by clip: mixtures of one clip share its voice and are not independent."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from avse.data.manifest import Mixture
from avse.metrics.interval import bootstrap_interval
from avse.metrics.table import METRICS
from recipes.paired_tests import sign_flip_p
from recipes.speech_benchmark.mixture_scores import Results

LEVEL = 0.05
"""Below it, a corrected p counts as decided."""


class Mean(NamedTuple):
    """A system's mean score over some mixtures."""

    clips: list[float]
    """Mean of each clip, one at least."""
    n: int
    """Mixtures with a score."""

    @property
    def value(self) -> float:
        """Mean of the clips' means."""
        return fmean(self.clips)

    def interval(self) -> tuple[float, float]:
        """95 % interval, bootstrap over clips."""
        return bootstrap_interval(self.clips)


class Lead(NamedTuple):
    """By how much one system is better than another, on the mixtures that both have a score for."""

    value: float
    """Above 0 where it is better, also for a metric of which less is better."""
    low: float
    high: float
    """95 % interval, bootstrap over clips."""
    p: float
    """Two-sided, all signs of the clips' differences; not corrected."""
    n_clips: int


def mean_of(results: Results, system: str, metric: str, chosen: Sequence[Mixture]) -> Mean | None:
    """A system's mean score; None where there is none at all."""
    values = [(m.clip, value) for m in chosen if (value := value_of(results, system, metric, m)) is not None]
    if not values:
        return None
    return Mean(_clip_means(values), len(values))


def lead_of(results: Results, better: str, worse: str, metric: str, chosen: Sequence[Mixture]) -> Lead | None:
    """The difference of two systems, paired; None if they share no mixture."""
    sign = -1 if METRICS[metric].less_is_better else 1
    differences = []
    for mixture in chosen:
        own, other = (value_of(results, name, metric, mixture) for name in (better, worse))
        if own is not None and other is not None:
            differences.append((mixture.clip, sign * (own - other)))
    if not differences:
        return None
    means = _clip_means(differences)
    return Lead(fmean(means), *bootstrap_interval(means), sign_flip_p(means), len(means))


def conclusion(lead: Lead, p: float) -> str:
    """Whether one is better, by the corrected p."""
    if p >= LEVEL:
        return "not decided"
    return "yes" if lead.value > 0 else "no"


def value_of(results: Results, system: str, metric: str, mixture: Mixture) -> float | None:
    """One score; None where there is none."""
    return results.systems.get(system, {}).get(mixture.id, {}).get(metric)


def _clip_means(values: Sequence[tuple[str, float]]) -> list[float]:
    by_clip: dict[str, list[float]] = {}
    for clip, value in values:
        by_clip.setdefault(clip, []).append(value)
    return [fmean(some) for some in by_clip.values()]
