"""Scores of systems, driver by driver."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.errors import ConfigError
from avse.metrics.interval import bootstrap_interval
from avse.metrics.score_or_reason import Score
from recipes.classification import CLASSIFICATION, classification_scores
from recipes.driver_predictions import Predictions, load_predictions

WITH, WITHOUT = "with", "without"
"""Systems of a transfer: with the weights that it begins with, and without."""
MAIN = "balanced_accuracy"


@dataclass(frozen=True, eq=False)
class Decisions:
    """Predictions of one system for one driver, windows of known level alone."""

    levels: np.ndarray
    """`(windows,)`."""
    probabilities: np.ndarray
    """`(windows, levels)`."""
    _scores: dict[str, Score] = field(default_factory=dict, init=False, repr=False)
    """Those that were asked for: tables ask for each several times."""

    @classmethod
    def joined(cls, parts: Sequence["Decisions"]) -> "Decisions":
        """Several in one."""
        return cls(np.concatenate([p.levels for p in parts]), np.concatenate([p.probabilities for p in parts]))

    def score(self, metric: str) -> Score:
        """One metric of `CLASSIFICATION`."""
        if metric not in self._scores:
            given = {"reference": self.levels, "probabilities": self.probabilities}
            self._scores.update(classification_scores(**given, metrics=[metric]))
        return self._scores[metric]


class Comparison(NamedTuple):
    """All systems of one protocol with one length of windows."""

    drives: list[Predictions]
    systems: dict[str, dict[str, Decisions]]
    """By system, then by driver."""

    def values(self, system: str, metric: str) -> dict[str, float]:
        """One metric for each driver for whom it can be reported."""
        found = {}
        for driver, decisions in self.systems[system].items():
            value = decisions.score(metric).value
            if value is not None:
                found[driver] = value
        return found

    def lead(self, system: str, other: str, metric: str = MAIN) -> list[float]:
        """By how much one system is above another, for each driver."""
        own, theirs = self.values(system, metric), self.values(other, metric)
        return [own[driver] - theirs[driver] for driver in own if driver in theirs]

    def without(self, drivers: Sequence[str]) -> "Comparison":
        """The same of fewer drivers."""
        systems = {
            name: {driver: decisions for driver, decisions in by_driver.items() if driver not in drivers}
            for name, by_driver in self.systems.items()
        }
        return Comparison([one for one in self.drives if one.driver not in drivers], systems)

    def together(self, system: str) -> Decisions:
        """All drivers in one."""
        return Decisions.joined([*self.systems[system].values()])


def read_comparison(folder: Path, *, conditions: bool = False) -> Comparison:
    """Read the predictions of all folds.

    Args:
        folder: of one protocol and length of windows.
        conditions: read predictions of systems for disturbed input, instead.

    Raises:
        ConfigError: there are none.
    """
    drives = [one for path in sorted(folder.glob("*.safetensors")) for one in load_predictions(path)]
    if not drives:
        raise ConfigError(f"{folder} must hold predictions but holds none; evaluate first")
    return comparison_of(drives, conditions=conditions)


def comparison_of(drives: Sequence[Predictions], *, conditions: bool = False) -> Comparison:
    """Decisions on the windows of known level, by system and driver; arguments as of `read_comparison`."""
    systems: dict[str, dict[str, list[Decisions]]] = {}
    for one in drives:
        known = one.levels >= 0
        for name, predicted in (one.conditions if conditions else one.systems).items():
            parts = systems.setdefault(name, {}).setdefault(one.driver, [])
            parts.append(Decisions(one.levels[known], predicted[known].astype(float)))
    joined = {
        name: {driver: Decisions.joined(parts) for driver, parts in drivers.items()}
        for name, drivers in systems.items()
    }
    return Comparison(list(drives), joined)


def system_lines(comparison: Comparison, systems: Sequence[str]) -> list[list[str]]:
    """Every metric of every system, mean over drivers, with the interval of the first; lines of a table."""
    lines = [["", f"{CLASSIFICATION[MAIN]}, 95 % interval", *(CLASSIFICATION[m] for m in others())]]
    for system in systems:
        cells = [show([*comparison.values(system, metric).values()]) for metric in others()]
        lines.append([system, show([*comparison.values(system, MAIN).values()], interval=True), *cells])
    return lines


def lead_lines(comparison: Comparison, system: str, rivals: Iterable[str]) -> list[list[str]]:
    """How far a system is above others, driver by driver; lines of a table."""
    lines = [["", "mean lead, 95 % interval", "drivers where ahead"]]
    for rival in rivals:
        leads = comparison.lead(system, rival)
        ahead = f"{sum(lead > 0 for lead in leads)} of {len(leads)}"
        lines.append([f"{system} above {rival}", show(leads, interval=True, signed=True), ahead])
    return lines


def others() -> list[str]:
    """All metrics but the main one."""
    return [metric for metric in CLASSIFICATION if metric != MAIN]


def show(values: Sequence[float], *, interval: bool = False, signed: bool = False) -> str:
    """A mean, perhaps with its interval; a dash where there is none."""
    if not values:
        return "-"
    text = f"{np.mean(values):{'+' if signed else ''}.3f}"
    if not interval:
        return text
    low, high = bootstrap_interval(values)
    return f"{text} ({low:{'+' if signed else ''}.3f} to {high:{'+' if signed else ''}.3f})"
