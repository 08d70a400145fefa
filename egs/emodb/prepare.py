"""Label Emo-DB's voices for the recognition recipe: `python egs/emodb/prepare.py emotion FOLDER`.

The emotion is the letter before the version in a file's name (Burkhardt et al. 2005): `03a01Fa` is happiness.
"""

import json
import re
import sys
from pathlib import Path

from avse.data.labels import write_table
from avse.data.manifest import data_root
from avse.errors import AvseError, ConfigError

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
"""By the German words' first letters."""
NAME = re.compile(r"emodb-\d\d[ab]\d\d([WLEAFTN])[a-f]?\.")


def rows_of(root: Path) -> list[dict[str, object]]:
    """Rows of the CSV: recordings of one utterance each.

    Raises:
        ConfigError: the pack has none.
    """
    manifest = root / "speech" / "manifest.jsonl"
    if not manifest.is_file():
        raise ConfigError(f"the data pack must hold {manifest} but does not; set AVSE_DATA to the pack's folder")
    rows = []
    for line in manifest.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = NAME.search(row["path"])
        if row.get("corpus") == "emodb" and found and not row.get("joined") and row["split"] != "test":
            rows.append({"file": row["path"], "label": EMOTIONS[found.group(1)], "group": row["speaker"]})
    if not rows:
        raise ConfigError(f"{manifest} must list Emo-DB but does not; fetch the second edition of the pack")
    return rows


def main(argv: list[str]) -> int:
    """Write the table."""
    if len(argv) not in (2, 3) or argv[0] != "emotion":
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        write_table(Path(argv[1]) / "emotion.csv", rows_of(data_root()))
    except AvseError as error:
        sys.stderr.write(f"prepare: error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
