"""Write a corpus's RESULTS.md: `python -m recipes.stages.results OUT.md --mixtures LIST --system NAME=SCORES ...`.

Nothing in that file is typed by hand: it holds what the scores, the peers' scores and the run's records say.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import yaml

from avse.data.manifest import Mixture, read_mixtures
from avse.errors import AvseError, ConfigError
from avse.media.output import beside
from avse.metrics.table import METRICS
from avse.report.tables import markdown_table

SHOWN = ("pesq_wb", "stoi", "si_sdr_db")
REPORTED_ONLY = "same_speaker"
"""Noise made of the target's own voice: shown, but no part of the goals, for sound alone cannot tell the two apart."""
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
        found[name] = {row["id"]: row for row in _rows(Path(path))}
    for row in _rows(peers) if peers else []:
        for name, scores in row.items():
            if name not in ("id", "noisy"):
                found.setdefault(name, {})[row["id"]] = scores
    for name, rows in found.items():
        if missing := [m.id for m in wanted if m.id not in rows]:
            raise ConfigError(f"scores of {name} must hold every mixture but {missing[0]} is missing; score it anew")
    return Results(wanted, found)


def split_tables(results: Results, split: str) -> list[str]:
    """For each metric one table by noise type and one by SNR."""
    parts = [f"## {split}"]
    types = list(dict.fromkeys(m.noise_type for m in results.of(split)))
    ratios = sorted({m.snr_db for m in results.of(split)})
    for metric in SHOWN:
        columns: dict[str, list[Mixture]] = {name: results.of(split, noise_type=name) for name in types}
        columns |= {f"{snr_db:+g} dB": _counted(results.of(split, snr_db=snr_db)) for snr_db in ratios}
        columns["mean"] = _counted(results.of(split))
        lines = [[METRICS[metric].title, *columns]]
        for system in results.systems:
            means = [results.mean(system, metric, chosen) for chosen in columns.values()]
            lines.append([system, *(_cell(mean, METRICS[metric].digits) for mean in means)])
        lines.append(["n", *(str(len(chosen)) for chosen in columns.values())])
        parts.append(markdown_table(lines))
    return parts


def short_table(results: Results, split: str) -> list[list[str]]:
    """Means over all mixtures of a split but `REPORTED_ONLY`, as lines of a table."""
    chosen = _counted(results.of(split))
    lines = [["", *(METRICS[metric].title for metric in SHOWN)]]
    for system in results.systems:
        means = {metric: results.mean(system, metric, chosen) for metric in SHOWN}
        lines.append([system, *(_cell(mean, METRICS[metric].digits) for metric, mean in means.items())])
    return lines


def goal_lines(results: Results, *, ours: str, blind: str, noisy: str = "noisy") -> list[str]:
    """What was to be reached, and whether it was."""
    seen, unseen = (_counted(results.of(split)) for split in SPLITS)
    types = list(dict.fromkeys(m.noise_type for m in seen))
    by_type = {name: [m for m in seen if m.noise_type == name] for name in types}
    by_snr = {f"{snr:+g} dB": [m for m in seen if m.snr_db == snr] for snr in sorted({m.snr_db for m in seen})}
    talkers = {name: by_type[name] for name in ("talker_1", "talker_3") if name in by_type}
    lines = [["goal", "metric", "reached", "not reached"]]
    for goal, groups, better, worse in (
        (f"{ours} above {noisy}, test_seen, every noise type", by_type, ours, noisy),
        (f"{ours} above {noisy}, test_seen, every SNR", by_snr, ours, noisy),
        (f"{ours} above {noisy}, test_unseen, mean", {"mean": unseen}, ours, noisy),
        (f"{ours} above {blind}, test_seen", talkers, ours, blind),
    ):
        for metric in SHOWN:
            margins = {name: _margin(results, metric, chosen, better, worse) for name, chosen in groups.items()}
            missed = [f"{name} ({margin:+.3f})" for name, margin in margins.items() if margin <= 0]
            reached = f"{len(margins) - len(missed)} of {len(margins)}"
            lines.append([goal, METRICS[metric].title, reached, ", ".join(missed) or "-"])
    return ["## Goals", markdown_table(lines)]


def run_lines(folder: Path) -> list[list[str]]:
    """How the weights came about, from the run's own records, as lines of a table."""
    software = json.loads(_read(folder / "software.json"))
    config = yaml.safe_load(_read(folder / "config.yaml"))
    log = [json.loads(line) for line in _read(folder / "log.jsonl").splitlines()]
    stops = [row for row in log if row.get("event") == "stopped"]
    best = min((row for row in log if "loss" in row), key=lambda row: row["loss"])
    return [
        ["what", "value"],
        ["training command", f"`{software['command']}`"],
        ["commit, seed", f"{software['commit']}, {config['loop']['seed']}"],
        ["hardware", f"{software['device']}, {software['machine']}; torch {software['torch']}"],
        ["training time", f"{sum(row['minutes'] for row in stops):.0f} minutes in {len(stops)} go(es)"],
        ["share of it waiting for data", f"{max(row['waiting_share'] for row in stops):.0%}"],
        ["best validation", f"loss {best['loss']:.3f} at step {best['step']}"],
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--mixtures", type=Path, required=True)
    parser.add_argument("--system", action="append", required=True, help="NAME=SCORES.jsonl; the first is the noisy "
                        "input, the second ours, the third ours without picture")  # fmt: skip
    parser.add_argument("--peers", type=Path, help="scores of other systems on the same mixtures")
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--title", default="Results")
    parser.add_argument("--command", required=True, help="what a reader types to get this file")
    arguments = parser.parse_args(argv)
    try:
        results = read_results(arguments.mixtures, arguments.system, arguments.peers)
        noisy, ours, blind = [system.partition("=")[0] for system in arguments.system][:3]
        parts = [
            f"# {arguments.title}",
            f"Generated by `{arguments.command}`; do not edit. Means over the fixed mixtures, higher is better. "
            f"Columns of SNRs and means leave {REPORTED_ONLY} out, which is reported only.",
            "## Training",
            markdown_table(run_lines(arguments.run)),
            *goal_lines(results, ours=ours, blind=blind, noisy=noisy),
            *(part for split in SPLITS for part in split_tables(results, split)),
        ]
        with beside(arguments.output, force=True) as temporary:
            temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    except AvseError as error:
        print(f"results: error: {error}", file=sys.stderr)
        return 1
    return 0


def _counted(mixtures: list[Mixture]) -> list[Mixture]:
    return [m for m in mixtures if m.noise_type != REPORTED_ONLY]


def _margin(results: Results, metric: str, chosen: list[Mixture], better: str, worse: str) -> float:
    high, low = (results.mean(system, metric, chosen) for system in (better, worse))
    if high is None or low is None:
        raise ConfigError(f"{metric} must be known for {better} and {worse} but is not; score them anew")
    return high - low


def _cell(mean: float | None, digits: int) -> str:
    return "-" if mean is None else f"{mean:.{digits}f}"


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _read(path).splitlines()]


def _read(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(f"{path} must exist but does not; run the stages before")
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
