"""Label GRID's words for the recognition recipe: `python egs/grid_words/prepare.py WORD FOLDER [--development]`.

Writes `WORD.csv` and `noise.csv` into the folder. Sentences with times for their words are cut by them; the others are
cut where the word lies in an evenly spread sentence, with a wide margin. With `--development` the tested people are a
speaker of the training (s4) and the unseen faces of validation; without it, the two of `test_unseen`.
"""

import argparse
import sys
from pathlib import Path

from avse.clips.captions import read_captions
from avse.data.labels import write_table
from avse.data.manifest import Item, data_root
from avse.errors import AvseError, ConfigError
from egs.grid.prepare import read_items

PLACES = {"command": 0, "colour": 1, "preposition": 2, "letter": 3, "digit": 4, "adverb": 5}
"""Of each word in a sentence."""
N_WORDS = 6
SPOKEN_S = (0.55, 2.35)
"""Usual start and end of a sentence in its clip."""
MARGIN_S = 0.08
"""Around a word whose times are known."""
WIDE_MARGIN_S = 0.2
"""Around one whose times are not."""
DEVELOPMENT = ("s4", "s25", "s27")
"""People held out while settings are chosen."""
N_NOISES = 160
"""Noise recordings for training, evenly from all."""


def word_of(item: Item, word: str, *, root: Path) -> tuple[str, float, float] | None:
    """A word of an item's sentence with its start and end in seconds; None if the sentence is not known."""
    spoken = (item.text or "").split()
    if len(spoken) != N_WORDS:
        return None
    place = PLACES[word]
    path = (root / str(item.video)).with_suffix(".align")
    if path.is_file():
        times = read_captions(path)[0]
        if len(times) == N_WORDS:
            return spoken[place], times[place].start_s - MARGIN_S, times[place].end_s + MARGIN_S
    length_s = (SPOKEN_S[1] - SPOKEN_S[0]) / N_WORDS
    start_s = SPOKEN_S[0] + place * length_s
    return spoken[place], start_s - WIDE_MARGIN_S, start_s + length_s + WIDE_MARGIN_S


def split_of(item: Item, *, development: bool) -> str:
    """The recipe's split of an item, empty for what is not used."""
    if development:
        if item.speaker in DEVELOPMENT:
            return "test"
        return "train" if item.split == "train" else ""
    return {"train": "train", "valid": "train", "test_unseen": "test"}.get(item.split, "")


def rows_of(word: str, *, development: bool, root: Path) -> list[dict[str, object]]:
    """Rows of the CSV."""
    rows: list[dict[str, object]] = []
    for item in read_items(root):
        split = split_of(item, development=development)
        found = word_of(item, word, root=root) if item.video and "/grid/" in f"/{item.video}" else None
        if split and found:
            label, start_s, end_s = found
            rows.append(
                {
                    "file": item.video,
                    "label": label,
                    "group": item.speaker,
                    "split": split,
                    "start_s": round(max(0.0, start_s), 3),
                    "end_s": round(end_s, 3),
                    "id": item.id,
                }
            )
    return rows


def noise_rows(root: Path) -> list[dict[str, object]]:
    """Noise recordings of the pack: its training noises for training, its test noises for tests."""
    items = [item for item in read_items(root) if item.noise_type]
    train = sorted((item for item in items if item.split == "train"), key=lambda item: item.id)
    step = max(1, len(train) // N_NOISES)
    return [
        {"file": (root / item.audio).absolute(), "use": use}
        for use, some in (("train", train[::step]), ("test", [i for i in items if i.split == "test"]))
        for item in some
    ]


def main() -> int:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("word", choices=list(PLACES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--development", action="store_true", help="test on people of training and validation")
    arguments = parser.parse_args()
    try:
        root = data_root()
        rows = rows_of(arguments.word, development=arguments.development, root=root)
        if not rows:
            raise ConfigError(f"GRID of {root} must have sentences but has none; fetch the pack again")
        write_table(arguments.folder / f"{arguments.word}.csv", rows)
        write_table(arguments.folder / "noise.csv", noise_rows(root))
    except AvseError as error:
        sys.stderr.write(f"prepare: error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
