"""Tables of labelled recordings: `labels.csv`."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from avse.media.output import atomic_write


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write a labels.csv; all rows have the columns of the first one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, force=True) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
