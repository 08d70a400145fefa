"""Label ESC-10's clips for the recognition recipe: `python egs/esc10/prepare.py audio FOLDER [--development]`.

The group is the Freesound recording that a clip was cut from; training clips that may be of a test clip's session, by
their ids, are skipped. With `--development` the pack's validation clips are
tested.
"""

import re
import sys
from pathlib import Path

from avse.data.labels import write_table
from avse.data.manifest import data_root
from avse.errors import AvseError, ConfigError
from egs.grid.prepare import NEAR, read_items

NAME = re.compile(r"__esc10_\d-(\d+)-[A-Z]\.")
"""Fold, Freesound id, take."""


def rows_of(root: Path, *, development: bool) -> list[dict[str, object]]:
    """Rows of the CSV.

    Raises:
        ConfigError: the pack has no ESC-10.
    """
    splits = {"train": "train", "valid": "test" if development else "train"}
    if not development:
        splits["test"] = "test"
    rows: list[dict[str, object]] = []
    for item in read_items(root):
        found = NAME.search(item.audio)
        if item.noise_type and found and item.split in splits:
            rows.append(
                {
                    "file": item.audio,
                    "label": item.noise_type,
                    "group": f"freesound {found.group(1)}",
                    "split": splits[item.split],
                }
            )
    tested = [(row["label"], int(str(row["group"]).split()[1])) for row in rows if row["split"] == "test"]
    rows = [
        row
        for row in rows
        if row["split"] == "test"
        or not any(
            row["label"] == label and abs(int(str(row["group"]).split()[1]) - number) <= NEAR
            for label, number in tested
        )
    ]
    if not rows:
        raise ConfigError(f"the data pack in {root} must hold ESC-10 but does not; fetch it again")
    return rows


def main(argv: list[str]) -> int:
    """Write the table."""
    if len(argv) not in (2, 3) or argv[0] != "audio" or argv[2:] not in ([], ["--development"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        rows = rows_of(data_root(), development=len(argv) == 3)
        write_table(Path(argv[1]) / "audio.csv", rows)
    except AvseError as error:
        sys.stderr.write(f"prepare: error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
