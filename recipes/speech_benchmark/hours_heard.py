"""What a training's hours bring: its validation scores over the hours of mixtures that it has heard."""

import json
from pathlib import Path
from statistics import fmean

import yaml

from avse.metrics.table import METRICS
from avse.report.formats import markdown_table
from recipes.speech_benchmark.mixture_scores import cell, read_rows

SHOWN = ("pesq_wb", "estoi", "si_sdr_db")
MOST_LINES = 16
"""Rows of a table; of more validations some are skipped, the first and the last never."""


def hours_part(folder: Path, *, name: str) -> list[str]:
    """The curve of a run whose log holds validation scores.

    Args:
        folder: of the run, with `config.yaml`, `software.json` and `log.jsonl`.
        name: of what is trained.

    Returns:
        Parts of a report; none if there is no such run.
    """
    if not (folder / "log.jsonl").is_file():
        return []
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    software = json.loads((folder / "software.json").read_text(encoding="utf-8"))
    rows = {row["step"]: row for row in read_rows(folder / "log.jsonl") if SHOWN[0] in row}
    if not rows:
        return []
    hours_a_step = config["loop"]["batch_size"] * fmean(config["mix"]["durations_s"]) / 3600
    steps = sorted(rows)
    kept = sorted({steps[round(at * (len(steps) - 1) / (MOST_LINES - 1))] for at in range(MOST_LINES)})
    lines = [["hours of mixtures", "steps", *(METRICS[metric].title for metric in SHOWN)]]
    for step in kept:
        scores = (cell(rows[step].get(metric), METRICS[metric].digits) for metric in SHOWN)
        lines.append([f"{step * hours_a_step:.0f}", f"{step:,}", *scores])
    return [
        f"## {name}: over hours heard",
        f"{config['n_valid']} fixed mixtures of voices and noises that training has not heard. {software['machine']}, "
        f"commit {software['commit']}, seed {config['loop']['seed']}.",
        markdown_table(lines),
    ]
