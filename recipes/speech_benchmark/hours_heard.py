"""What a training's hours bring: its validation scores over the hours of mixtures that it has heard."""

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from avse.metrics.table import METRICS
from avse.report.document import Heading, Part, Table
from recipes.speech_benchmark.mixture_scores import cell, read_rows

SHOWN = ("pesq_wb", "estoi", "si_sdr_db")
MOST_LINES = 16
"""Rows of a table; of more validations some are skipped, the first and the last never."""


def hours_part(folder: Path, *, name: str) -> list[Part]:
    """The curve of a part whose log holds validation scores.

    Args:
        folder: of the run, with the part's own in it: `core`, and `core_2` and so on where it was continued in another
            run, each from the last weights of the one before.
        name: of the part, as its folder is called.

    Returns:
        Parts of a report; none if there is no such run.
    """
    runs = [path for path in sorted(folder.glob(f"{name}*")) if (path / "log.jsonl").is_file()]
    rows: list[tuple[float, str, dict[str, Any]]] = []
    notes, before = [], 0.0
    for run in runs:
        config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        software = json.loads((run / "software.json").read_text(encoding="utf-8"))
        found = {row["step"]: row for row in read_rows(run / "log.jsonl") if SHOWN[0] in row}
        hours_a_step = config["loop"]["batch_size"] * fmean(config["mix"]["durations_s"]) / 3600
        rows += [(before + step * hours_a_step, run.name, found[step]) for step in sorted(found)]
        before += max(found, default=0) * hours_a_step
        loss = ", ".join(f"{key} {value:g}" for key, value in config["loss"].items())
        notes.append(
            f"{run.name}: {config['n_valid']} mixtures; {software['machine']}, commit {software['commit']}, seed "
            f"{config['loop']['seed']}; weights of the loss: {loss}."
        )
    if not rows:
        return []
    kept = sorted({round(at * (len(rows) - 1) / (MOST_LINES - 1)) for at in range(MOST_LINES)})
    lines = [["hours of mixtures", "run", "steps", *(METRICS[metric].title for metric in SHOWN)]]
    for at in kept:
        hours, run_name, row = rows[at]
        scores = (cell(row.get(metric), METRICS[metric].digits) for metric in SHOWN)
        lines.append([f"{hours:.0f}", run_name, f"{row['step']:,}", *scores])
    return [
        Heading(f"{name}: over hours heard"),
        "Validation mixtures of voices and noises that training has not heard. " + " ".join(notes),
        Table(lines),
    ]
