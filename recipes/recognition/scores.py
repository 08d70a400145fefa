"""Scores of an evaluation: means over people or recordings, intervals, paired tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.errors import ConfigError
from avse.metrics.interval import bootstrap_interval
from recipes.classification import CLASSIFICATION, classification_scores
from recipes.paired_tests import holm, sign_flip_p
from recipes.recognition.features import CLEAN
from recipes.recognition.predictions import Predictions, load_predictions
from recipes.recognition.systems import ENSEMBLES, FUSIONS, MAJORITY

FEWEST_GROUPS = 5
"""With fewer groups, intervals and tests take recordings as the unit; the report states what that assumes."""


class Comparison(NamedTuple):
    """All systems of an evaluation."""

    seeds: list[Predictions]
    """One for each training of the networks."""
    by_group: bool
    """Whether groups are the unit of intervals and tests."""

    @property
    def first(self) -> Predictions:
        """Of the first training."""
        return self.seeds[0]

    def systems(self, condition: str = CLEAN) -> list[str]:
        """Names of the systems under a condition, baselines first, fused ones last."""
        names = list(self.first.systems[condition])
        fused = [*ENSEMBLES, *FUSIONS.values()]
        return [n for n in names if n not in fused] + [n for n in fused if n in names]

    def modalities(self) -> list[str]:
        """Names of the networks of one modality each."""
        others = {MAJORITY, *ENSEMBLES, *FUSIONS.values()}
        return [n for n in self.systems() if n not in others and ", " not in n]

    def units(self, condition: str, system: str) -> npt.NDArray[np.float64]:
        """Accuracy of each unit (group or recording), mean over trainings, `(units,)`."""
        right: npt.NDArray[np.float64] = np.mean(
            [p.systems[condition][system].argmax(axis=1) == p.labels for p in self.seeds], axis=0, dtype=float
        )
        if not self.by_group:
            return right
        groups = np.array(self.first.groups)
        return np.array([right[groups == group].mean() for group in sorted(set(groups))])

    def metric(self, system: str, name: str, condition: str = CLEAN) -> float | None:
        """A metric over all tested recordings, mean over trainings; None if it is not defined."""
        values = [
            classification_scores(reference=p.labels, probabilities=p.systems[condition][system], metrics=[name])[
                name
            ].value
            for p in self.seeds
        ]
        return None if None in values else float(np.mean([v for v in values if v is not None]))


def read_comparison(folder: Path) -> Comparison:
    """Read the predictions of an evaluation's folder.

    Raises:
        ConfigError: there are none.
    """
    seeds = sorted((folder / "predictions").glob("*"), key=lambda path: int(path.name))
    if not seeds:
        raise ConfigError(f"{folder} must hold predictions but holds none; evaluate first")
    predictions = [load_predictions(sorted(seed.glob("*.safetensors"))) for seed in seeds]
    return Comparison(predictions, len(set(predictions[0].groups)) >= FEWEST_GROUPS)


def show(values: npt.NDArray[np.float64], *, signed: bool = False) -> str:
    """A mean with its 95 % interval."""
    low, high = bootstrap_interval(list(values))
    sign = "+" if signed else ""
    return f"{values.mean():{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def system_lines(comparison: Comparison) -> list[list[str]]:
    """Every system under clean conditions; lines of a table."""
    metrics = [name for name in CLASSIFICATION if name != "accuracy"]
    lines = [["", "accuracy, 95 % interval", *(CLASSIFICATION[name] for name in metrics)]]
    for system in comparison.systems():
        cells = [comparison.metric(system, name) for name in metrics]
        shown = ["-" if cell is None else f"{cell:.3f}" for cell in cells]
        lines.append([system, show(comparison.units(CLEAN, system)), *shown])
    return lines


def condition_lines(comparison: Comparison, conditions: Sequence[str], systems: Sequence[str]) -> list[list[str]]:
    """Accuracy of some systems under some conditions; lines of a table."""
    lines = [["", *conditions]]
    for system in systems:
        cells = [
            f"{comparison.units(c, system).mean():.3f}" if system in comparison.first.systems[c] else "-"
            for c in conditions
        ]
        lines.append([system, *cells])
    return lines


def test_lines(comparison: Comparison, pairs: Sequence[tuple[str, str]], conditions: Sequence[str]) -> list[list[str]]:
    """Paired sign-flip tests of first against second, Holm over the table; lines of a table."""
    rows = [
        (f"{one} over {other}, {condition}", comparison.units(condition, one) - comparison.units(condition, other))
        for condition in conditions
        for one, other in pairs
    ]
    ps = holm([sign_flip_p(list(difference)) for _, difference in rows])
    lines = [["", "difference in accuracy, 95 % interval", "p (Holm)"]]
    return lines + [[name, show(d, signed=True), f"{p:.3f}"] for (name, d), p in zip(rows, ps, strict=True)]


def best_modality(comparison: Comparison, condition: str = CLEAN) -> str:
    """The modality whose network is most accurate under a condition."""
    return max(comparison.modalities(), key=lambda name: comparison.units(condition, name).mean())
