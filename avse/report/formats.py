"""A report as text, Markdown, CSV and JSON."""

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avse.metrics.table import METRICS
from avse.report import document
from avse.report.csv_cells import inert
from avse.report.document import Heading, Part, Points, Table
from avse.report.rows import ROLES, FileScores, Summary, group_by, metric_names, summarise
from avse.report.score_schema import stamped

GROUPINGS = (("split",), ("noise_type",), ("snr_db",), ("split", "noise_type"), ("audiogram",))
"""What a report breaks the scores down by, where the files have these groups."""
NAMES = {"noisy": "noisy", "estimate": "enhanced", "gain": "gain"}
MOST_FAILURES = 10
"""Lines of failed files, and of notes, on a terminal; the written reports name all of them."""


def summary_lines(rows: Sequence[FileScores]) -> list[list[str]]:
    """Heading and lines of the table of all files."""
    metrics = metric_names(rows)
    return [["", "n", *(METRICS[name].title for name in metrics)], *_role_lines(rows, [], metrics)]


def grouped_lines(rows: Sequence[FileScores], keys: tuple[str, ...]) -> list[list[str]]:
    """Heading and lines of a table broken down by some groups; empty if no file has them."""
    kinds = group_by(rows, *keys)
    if not kinds:
        return []
    metrics = metric_names(rows)
    heading = [*keys, "", "n", *(METRICS[name].title for name in metrics)]
    return [heading, *(line for kind, some in kinds.items() for line in _role_lines(some, list(kind), metrics))]


def failure_lines(rows: Sequence[FileScores]) -> list[str]:
    """One line for each file with a failed score."""
    return [f"{row.id}: {'; '.join(row.failures)}" for row in rows if row.failures]


def note_lines(rows: Sequence[FileScores]) -> list[str]:
    """One line for each file with notes."""
    return [f"{row.id}: {'; '.join(row.notes)}" for row in rows if row.notes]


def standard_line(rows: Sequence[FileScores]) -> str:
    """Which edition of a standard the metrics follow; empty where none has one."""
    named = [METRICS[name] for name in metric_names(rows)]
    return "; ".join(f"{metric.title}: {metric.standard}" for metric in named if metric.standard)


def to_text(rows: Sequence[FileScores]) -> str:
    """The summary for a terminal: mean and standard deviation, files that failed below."""
    lines = summary_lines(rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    table = [
        "  ".join(
            cell.ljust(w) if column == 0 else cell.rjust(w)
            for column, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    below = [line] if (line := standard_line(rows)) else []
    for word, found in (("failed", failure_lines(rows)), ("note", note_lines(rows))):
        below += [f"{word}: {line}" for line in found[:MOST_FAILURES]]
        if len(found) > MOST_FAILURES:
            below.append(f"{word}: {len(found) - MOST_FAILURES} more files; the CSV names all")
    return "\n".join([*table, *below]) + "\n"


def to_markdown(rows: Sequence[FileScores]) -> str:
    """The summary, every break-down and every failure."""
    parts: list[Part] = [Heading("Scores", 1), "Mean ± standard deviation over n files.", Table(summary_lines(rows))]
    parts += [line] if (line := standard_line(rows)) else []
    for keys in GROUPINGS:
        if lines := grouped_lines(rows, keys):
            parts += [Heading(f"By {' and '.join(keys)}"), Table(lines)]
    for word, found in (("Failed", failure_lines(rows)), ("Scored, but note", note_lines(rows))):
        parts += [Heading(f"{word}: {len(found)} files"), *(Points([line]) for line in found)] if found else []
    return document.to_markdown(parts, folder=Path())


def to_csv(rows: Sequence[FileScores]) -> str:
    """One line a file; a score that failed is empty, with its reason in the column `failed`."""
    metrics = metric_names(rows)
    groups = list(dict.fromkeys(key for row in rows for key in row.groups))
    columns = [(role, metric) for role in ROLES if any(getattr(row, role) for row in rows) for metric in metrics]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", *map(inert, groups), *(f"{role}_{metric}" for role, metric in columns), "failed", "notes"])
    for row in rows:
        scores = [(getattr(row, role) or {}).get(metric) for role, metric in columns]
        values = ["" if score is None or score.value is None else f"{score.value:.6g}" for score in scores]
        words = [row.id, *(row.groups.get(key, "") for key in groups)]
        comments = ["; ".join(row.failures), "; ".join(row.notes)]
        writer.writerow([*map(inert, words), *values, *map(inert, comments)])
    return text.getvalue()


def to_json(rows: Sequence[FileScores]) -> str:
    """Summary, break-downs and files; a score that failed is null, with its reason beside it."""
    report = stamped({
        "summary": _summaries(rows),
        "groups": [
            {**dict(zip(keys, kind, strict=True)), **_summaries(some)}
            for keys in GROUPINGS
            for kind, some in group_by(rows, *keys).items()
        ],
        "files": [file_record(row) for row in rows],
    })  # fmt: skip
    return json.dumps(report, indent=1) + "\n"


def file_record(row: FileScores) -> dict[str, Any]:
    """One file as JSON-able values."""
    record: dict[str, Any] = {"id": row.id, **row.groups}
    for role in ROLES:
        scores = getattr(row, role)
        record[role] = None if scores is None else {name: score.value for name, score in scores.items()}
    record["failed"] = row.failures
    record["notes"] = row.notes
    return record


def show(summary: Summary | None, *, digits: int, signed: bool = False) -> str:
    """Mean and standard deviation as people read them, a gain with its sign; a dash where there is nothing."""
    if summary is None or summary.mean is None:
        return "-"
    deviation = "" if summary.std is None else f" ± {summary.std:.{digits}f}"
    return f"{summary.mean:{'+' if signed else ''}.{digits}f}{deviation}"


def _role_lines(rows: Sequence[FileScores], before: list[str], metrics: list[str]) -> list[list[str]]:
    lines = []
    for role in ROLES:
        summaries = [summarise(rows, role=role, metric=name) for name in metrics]
        present = [summary for summary in summaries if summary]
        if present:
            cells = [
                show(summary, digits=METRICS[name].digits, signed=role == "gain")
                for summary, name in zip(summaries, metrics, strict=True)
            ]
            lines.append([*before, NAMES[role], _count(present), *cells])
    return lines


def _count(summaries: list[Summary]) -> str:
    """Files scored, and in how many some metric failed."""
    failed = max(summary.n_failed for summary in summaries)
    total = max(summary.n + summary.n_failed for summary in summaries)
    return f"{total}" if failed == 0 else f"{total} ({failed} failed)"


def _summaries(rows: Sequence[FileScores]) -> dict[str, Any]:
    return {
        role: {
            name: dataclasses.asdict(summary)
            for name in metric_names(rows)
            if (summary := summarise(rows, role=role, metric=name))
        }
        for role in ROLES
    }
