"""All scores of an experiment, as far as they are there, and what is missing or failed."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from avse.data.manifest import Mixture, read_mixtures
from avse.errors import ConfigError
from avse.metrics.table import METRICS
from recipes.speech_benchmark.experiment.config import ExperimentConfig, names_of, title_of
from recipes.speech_benchmark.mixture_scores import Results, Scores, read_rows

FILES = ("scores.jsonl", "hearing.jsonl")
"""Of a system; the second holds slow metrics of some mixtures only."""


class Failure(NamedTuple):
    """Scores of one system that one kind of thing prevented."""

    system: str
    metrics: str
    reason: str
    n: int
    """Mixtures."""


class Scored(NamedTuple):
    """What is known of an experiment's systems."""

    results: Results
    """Systems with scores, those of the main tables first."""
    metrics: list[str]
    """That some system was scored by, in the order of `METRICS`."""
    asked: dict[str, set[str]]
    """By metric, the mixtures that some system was scored on."""
    failures: list[Failure]
    notes: list[Failure]
    """Of files that were scored all the same; they name no metrics."""
    missing: list[str]
    """What is not there, in words."""

    def n_asked(self, metric: str, chosen: list[Mixture]) -> int:
        """How many of some mixtures a metric was asked about."""
        return sum(mixture.id in self.asked[metric] for mixture in chosen)


def read_scored(config: ExperimentConfig, *, exp: Path, mixtures: Path) -> Scored:
    """Read the scores of all systems that have some.

    Args:
        config: of the experiment.
        exp: folder with a folder for each system.
        mixtures: list of fixed mixtures.

    Raises:
        ConfigError: a file holds no scores, or no system has any.
    """
    wanted = read_mixtures(mixtures)
    ids = {mixture.id for mixture in wanted}
    systems: dict[str, Scores] = {}
    asked: dict[str, set[str]] = {name: set() for name in METRICS}
    failures: list[Failure] = []
    notes: list[Failure] = []
    missing = []
    for name in names_of(config):
        paths = [exp / name / file for file in FILES]
        rows = [row for path in paths if path.is_file() for row in _rows_of(path)]
        if not rows:
            missing.append(f"{title_of(config, name)} ({name}): no scores yet")
            continue
        known = [row for row in rows if row["id"] in ids]
        systems[name] = _values(known, asked)
        failures += [Failure(name, *kind, n) for kind, n in Counter(_failures(known)).items()]
        noted = Counter({row["id"]: _kind(row["note"], row["id"]) for row in known if row.get("note")}.values())
        notes += [Failure(name, "", note, n) for note, n in noted.items()]
        if strangers := len({row["id"] for row in rows} - ids):
            missing.append(f"{title_of(config, name)} ({name}): {strangers} mixtures scored that are not in the list")
    if not any(systems.values()):
        raise ConfigError(f"{exp} must hold scores of the mixtures but holds none; run the score stage first")
    metrics = [name for name in METRICS if asked[name]]
    for name, found in systems.items():
        missing += [f"{title_of(config, name)} ({name}): {line}" for line in _lacking(found, metrics, asked)]
    return Scored(Results(wanted, systems), metrics, asked, failures, notes, missing)


def _rows_of(path: Path) -> list[dict[str, Any]]:
    rows = read_rows(path)
    if any("id" not in row for row in rows):
        raise ConfigError(f"{path} must name a mixture as id in each line but does not; score it again")
    return rows


def _values(rows: list[dict[str, Any]], asked: dict[str, set[str]]) -> Scores:
    """Values by mixture and metric, None for those that failed; adds to what was asked."""
    found: Scores = {}
    for row in rows:
        values = found.setdefault(row["id"], {})
        for metric in METRICS:
            if metric in row:
                asked[metric].add(row["id"])
                values[metric] = row[metric] if _is_value(row[metric]) else None
    return found


def _failures(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """For each mixture and thing that prevented something: titles of the metrics, and the kind of thing."""
    for row in rows:
        reasons: dict[str, list[str]] = {}
        for metric in METRICS:
            if metric in row and not _is_value(row[metric]):
                reason = (row.get("failed") or {}).get(metric) or "no reason given"
                reasons.setdefault(_kind(reason, row["id"]), []).append(METRICS[metric].title)
        for reason, metrics in reasons.items():
            yield "; ".join(metrics), reason


def _is_value(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _kind(reason: str, mixture: str) -> str:
    """A reason without what is of one mixture alone, so that those of one kind are counted together."""
    return re.sub(r"\d+([.,]\d+)*", "N", reason.replace(mixture, "MIXTURE"))


def _lacking(found: Scores, metrics: list[str], asked: dict[str, set[str]]) -> list[str]:
    """What a system was not scored on though others were."""
    lacking: dict[str, list[str]] = {}
    for metric in metrics:
        n = sum(metric not in found.get(name, {}) for name in asked[metric])
        if n:
            lacking.setdefault(f"{n} of {len(asked[metric])} mixtures", []).append(METRICS[metric].title)
    return [f"{share} not scored yet by {'; '.join(titles)}" for share, titles in lacking.items()]
