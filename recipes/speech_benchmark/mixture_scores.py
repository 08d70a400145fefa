"""Scores on the fixed mixtures, and tables of their means."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import yaml

from avse.data.manifest import Mixture, read_mixtures
from avse.errors import ConfigError
from avse.media.made import digest
from avse.metrics.table import METRICS
from avse.report.document import Heading, Part, Table
from avse.report.score_schema import current

SHOWN = ("pesq_wb", "stoi", "estoi", "si_sdr_db")
REPORTED_ONLY = "same_speaker"
"""Noise made of the target's own voice: shown, but no target, for audio alone cannot tell the two apart."""
SPLITS = ("test_seen", "test_unseen")

Scores = dict[str, dict[str, float | None]]


class Results(NamedTuple):
    """All that the tables are made of."""

    mixtures: list[Mixture]
    systems: dict[str, Scores]
    """By name, then by mixture: metric to value."""

    def mean(self, system: str, metric: str, chosen: Iterable[Mixture]) -> float | None:
        """Mean of one metric over the mixtures where it could be computed."""
        rows = self.systems[system]
        values = [value for m in chosen if (value := rows.get(m.id, {}).get(metric)) is not None]
        return fmean(values) if values else None

    def of(self, split: str, **wanted: Any) -> list[Mixture]:
        """Mixtures of a split, and perhaps of one noise type or SNR."""
        return [
            m
            for m in self.mixtures
            if m.split == split and all(getattr(m, key) == value for key, value in wanted.items())
        ]

    def counted(self, split: str, **wanted: Any) -> list[Mixture]:
        """The same without the mixtures that are reported only."""
        return [m for m in self.of(split, **wanted) if m.noise_type != REPORTED_ONLY]


def read_results(mixtures: Path, systems: Sequence[str], peers: Path | None) -> Results:
    """Read all scores.

    Args:
        mixtures: list of fixed mixtures.
        systems: `name=scores.jsonl` each.
        peers: lines of mixtures with the scores of other systems, by name; None leaves them out.

    Raises:
        ConfigError: a file is missing, or lacks a mixture.
    """
    wanted = read_mixtures(mixtures)
    found: dict[str, Scores] = {}
    for system in systems:
        name, _, path = system.partition("=")
        found[name] = read_scores(Path(path))
    for row in read_rows(peers) if peers else []:
        for name, scores in row.items():
            if name not in ("id", "noisy"):
                found.setdefault(name, {})[row["id"]] = scores
    for name, rows in found.items():
        if missing := [m.id for m in wanted if m.id not in rows]:
            raise ConfigError(f"scores of {name} must hold every mixture but {missing[0]} is missing; score it again")
    return Results(wanted, found)


def split_tables(results: Results, split: str) -> list[Part]:
    """For each metric one table by noise type and one by SNR."""
    parts: list[Part] = [Heading(split)]
    types = list(dict.fromkeys(m.noise_type for m in results.of(split)))
    snrs_db = sorted({m.snr_db for m in results.of(split)})
    for metric in SHOWN:
        columns: dict[str, list[Mixture]] = {name: results.of(split, noise_type=name) for name in types}
        columns |= {f"{snr_db:+g} dB": results.counted(split, snr_db=snr_db) for snr_db in snrs_db}
        columns["mean"] = results.counted(split)
        lines = [[METRICS[metric].title, *columns]]
        for system in results.systems:
            means = [results.mean(system, metric, chosen) for chosen in columns.values()]
            lines.append([system, *(cell(mean, METRICS[metric].digits) for mean in means)])
        lines.append(["n", *(str(len(chosen)) for chosen in columns.values())])
        parts.append(Table(lines))
    return parts


def short_table(results: Results, split: str) -> list[list[str]]:
    """Means over all mixtures of a split but `REPORTED_ONLY`, as lines of a table."""
    chosen = results.counted(split)
    lines = [["", *(METRICS[metric].title for metric in SHOWN)]]
    for system in results.systems:
        means = {metric: results.mean(system, metric, chosen) for metric in SHOWN}
        lines.append([system, *(cell(mean, METRICS[metric].digits) for metric, mean in means.items())])
    return lines


def run_lines(folder: Path) -> list[list[str]]:
    """How the weights came about, from the run's own records, as lines of a table.

    Args:
        folder: of the run; weights that were trained elsewhere lie in it alone.
    """
    weights = digest(folder / "model.safetensors")
    if weights and not (folder / "software.json").is_file():
        return [["what", "value"], ["weights", f"SHA-256 {weights}..., trained elsewhere"]]
    software = json.loads(_read(folder / "software.json"))
    config = yaml.safe_load(_read(folder / "config.yaml"))
    log = read_rows(folder / "log.jsonl")
    stops = [row for row in log if row.get("event") == "stopped"]
    best = best_validation(log)
    return [
        ["what", "value"],
        ["training command", f"`{software['command']}`"],
        ["commit, seed", f"{software['commit']}, {config['loop']['seed']}"],
        ["hardware", f"{software['device']}, {software['machine']}; torch {software['torch']}"],
        ["training time", _training_time(log)],
        ["share of it waiting for data", f"{max(row['waiting_share'] for row in stops):.0%}"],
        ["best validation", f"loss {best['loss']:.3f} at step {best['step']}"],
    ]


def best_validation(log: list[dict[str, Any]]) -> dict[str, Any]:
    """The line of a run's log with the least loss; empty if there is none yet."""
    return min((row for row in log if "loss" in row), key=lambda row: row["loss"], default={})


def go_minutes(log: list[dict[str, Any]]) -> list[float]:
    """Minutes of each go; each counts again, and one that was killed counts up to its last line."""
    minutes = [row["minutes"] for row in log if "minutes" in row]
    return [now for now, then in pairwise([*minutes, 0.0]) if then < now]


def _training_time(log: list[dict[str, Any]]) -> str:
    ends = go_minutes(log)
    return f"{sum(ends):.0f} minutes in {len(ends)} session(s)"


def cell(mean: float | None, digits: int) -> str:
    """A mean as text; - where there is none."""
    return "-" if mean is None else f"{mean:.{digits}f}"


def read_scores(path: Path) -> Scores:
    """Read what the score stage wrote."""
    return {row["id"]: row for row in read_rows(path)}


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read lines of JSON.

    Raises:
        ConfigError: there is no such file, or a line of it is no JSON object, or of a later version.
    """
    rows = []
    for number, line in enumerate(_read(path).splitlines(), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(
                f"{path}:{number} must be one JSON object but is not ({error}); run its stage again"
            ) from None
        if not isinstance(row, dict):
            raise ConfigError(f"{path}:{number} must be one JSON object but is {row!r}; run its stage again")
        rows.append(current(row, source=path))
    return rows


def _read(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(f"{path} must exist but does not; run the stages before")
    return path.read_text(encoding="utf-8")
