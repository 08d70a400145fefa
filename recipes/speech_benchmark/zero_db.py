"""Systems that were scored on the fixed mixtures at 0 dB alone, beside all others on those mixtures."""

from pathlib import Path

from avse.metrics.table import METRICS
from avse.report.document import Heading, Part, Table
from recipes.speech_benchmark.mixture_scores import SHOWN, SPLITS, Results, Scores, cell, read_rows

NAMES = {"dfn3": "DeepFilterNet3", "hush": "Hush"}
FIELDS = {"id", "split", "noise_type", "noisy"}
"""Of a row, beside the systems."""


def zero_db_part(results: Results, path: Path) -> list[Part]:
    """The section on 0 dB, as paragraphs of Markdown.

    Args:
        results: scores of all other systems.
        path: rows of mixtures with the scores of systems by name.

    Raises:
        ConfigError: there is no such file, or a line of it is no JSON object.
    """
    more: dict[str, Scores] = {}
    rows = read_rows(path)
    for row in rows:
        for name in row.keys() - FIELDS:
            more.setdefault(NAMES.get(name, name), {})[row["id"]] = row[name]
    known = {row["id"] for row in rows}
    both = Results(results.mixtures, {**results.systems, **dict(sorted(more.items()))})
    parts: list[Part] = [
        Heading("0 dB"),
        f"The mixtures at 0 dB, which {' and '.join(sorted(more))} were scored on alone.",
    ]
    for split in SPLITS:
        chosen = [mixture for mixture in both.counted(split, snr_db=0) if mixture.id in known]
        if not chosen:
            continue
        lines = [[f"{split}, n = {len(chosen)}", *(METRICS[metric].title for metric in SHOWN)]]
        for system in both.systems:
            means = {metric: both.mean(system, metric, chosen) for metric in SHOWN}
            lines.append([system, *(cell(mean, METRICS[metric].digits) for metric, mean in means.items())])
        parts.append(Table(lines))
    return parts
