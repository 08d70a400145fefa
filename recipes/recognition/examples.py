"""Labelled recordings: a folder for each label, or a CSV, checked before anything is trained."""

import csv
import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from avse.data.manifest import check_id
from avse.errors import ConfigError
from avse.media.output import is_hidden
from avse.media.suffixes import AUDIO, VIDEO, media_files

COLUMNS = ("file", "label", "group", "split", "text", "start_s", "end_s", "id")
"""Of a labels.csv; the first two are required."""
SPLITS = ("train", "valid", "test")
LEAKY_WARNING = (
    "leaky split: recordings of one person stand in training and in test, so the network may recognise the person "
    "instead of the label; the scores say nothing about a new person"
)


class LabelledRecording(NamedTuple):
    """One recording with its label."""

    id: str
    """Path below the folder without the suffix, or the CSV's id; parts of one file are numbered."""
    path: Path
    label: str
    group: str
    """Who or what must not stand in training and test both: a person, a recording session."""
    split: str = ""
    """`train`, `valid`, `test`, or empty: cross-validation over the groups."""
    text: str = ""
    start_s: float = 0.0
    """Part of the recording that the label is of."""
    end_s: float = float("inf")
    file_id: str = ""
    """The id of the file, where several examples are parts of it."""


def read_examples(folder: Path, *, labels: Path | None = None) -> list[LabelledRecording]:
    """Read labelled recordings.

    Args:
        folder: `LABEL/GROUP/FILE` or `LABEL/FILE`, unless there is a CSV.
        labels: CSV with the columns `COLUMNS`, files relative to the folder; `labels.csv` of the folder by default.

    Raises:
        ConfigError: the folder or the CSV is missing or not valid, or names files that are not there.
    """
    if not folder.is_dir():
        raise ConfigError(f"videos {folder} must be a folder but there is none; check the path")
    table = labels or folder / "labels.csv"
    if labels or table.is_file():
        return _from_table(table, folder)
    found = []
    for path in media_files(folder, (*VIDEO, *AUDIO), recursive=True):
        parts = path.relative_to(folder).parts
        if len(parts) > 1 and not is_hidden(path):
            identity = path.relative_to(folder).with_suffix("").as_posix()
            found.append(
                LabelledRecording(identity, path, parts[0], parts[1] if len(parts) > 2 else "", file_id=identity)
            )
    if not found:
        raise ConfigError(f"{folder} must hold a folder of videos for each label but holds none; see the README")
    return found


def check_examples(examples: Sequence[LabelledRecording], *, leaky: bool = False) -> None:
    """Validate that labels can be distinguished, and tested on other groups than those of the training.

    Args:
        examples: all of them.
        leaky: groups are ignored, so they need not be known.

    Raises:
        ConfigError: labels differ in case alone, there is one label, a label has one recording, or groups are missing
            or too few.
    """
    by_label = Counter(example.label for example in examples)
    folded: dict[str, str] = {}
    for label in by_label:
        if (other := folded.setdefault(label.casefold().strip(), label)) != label:
            raise ConfigError(f"labels must differ by more than case but {other!r} and {label!r} do not; write one way")
    if len(by_label) < 2:
        raise ConfigError(f"there must be two labels or more but there is {', '.join(by_label) or 'none'}; add videos")
    for label, n in by_label.items():
        if n < 2:
            raise ConfigError(f"label {label!r} must have two recordings or more but has 1; add some or drop the label")
    if any(example.split for example in examples):
        _check_splits(examples)
    elif not leaky:
        _check_groups(examples)


def _check_groups(examples: Sequence[LabelledRecording]) -> None:
    if unknown := [example for example in examples if not example.group]:
        raise ConfigError(
            f"each recording must have a group (the person in it) but {unknown[0].id} has none; put it into "
            "LABEL/PERSON/, name groups in labels.csv, or pass --leaky true"
        )
    groups = {example.group for example in examples}
    if len(groups) < 2:
        raise ConfigError(
            f"there must be two groups or more, for test people must be unseen, but there is {min(groups)!r} alone; "
            "add people, or pass --leaky true"
        )
    of_label = defaultdict(set)
    for example in examples:
        of_label[example.label].add(example.group)
    for label, some in of_label.items():
        if len(some) < 2:
            raise ConfigError(
                f"label {label!r} must have recordings of two groups or more but has those of {min(some)!r} alone: "
                "the group would tell the label; add others or drop the label"
            )


def _check_splits(examples: Sequence[LabelledRecording]) -> None:
    splits = {split: [e for e in examples if e.split == split] for split in SPLITS}
    for split in ("train", "test"):
        if not splits[split]:
            raise ConfigError(f"split must be {split} for some recordings but is for none; correct the column")
    known = {example.label for example in splits["train"]}
    if unseen := sorted({e.label for e in splits["test"]} - known):
        raise ConfigError(f"each tested label must be in training but {unseen[0]!r} is not; correct the column split")


def _from_table(table: Path, folder: Path) -> list[LabelledRecording]:
    if not table.is_file():
        raise ConfigError(f"labels {table} must be a CSV file but there is none; check the path")
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = [str(name).strip() for name in reader.fieldnames or ()]
            rows = [{str(k).strip(): str(v or "").strip() for k, v in row.items() if k is not None} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"labels {table} must be CSV in UTF-8 but are not ({error}); save them again") from None
    for column in ("file", "label"):
        if column not in columns:
            raise ConfigError(f"labels {table} must have a column {column} but have {', '.join(columns)}; add it")
    for column in columns:
        if column not in COLUMNS:
            near = difflib.get_close_matches(column, COLUMNS, n=1)
            advice = f"did you mean {near[0]}?" if near else "remove it"
            raise ConfigError(f"columns of {table} must be of {', '.join(COLUMNS)} but one is {column!r}; {advice}")
    examples = [_row(table, number, row, folder) for number, row in enumerate(rows, start=2)]
    if missing := [example for example in examples if not example.path.is_file()]:
        raise ConfigError(
            f"files of {table} must exist but {len(missing)} of {len(examples)} do not, first {missing[0].path}; "
            "correct the column file"
        )
    return _with_unique_ids(examples)


def _row(table: Path, number: int, row: Mapping[str, str], folder: Path) -> LabelledRecording:
    if not row["file"] or not row["label"]:
        raise ConfigError(f"{table}:{number} must have a file and a label but lacks one; fill it in")
    split = row.get("split", "")
    if split and split not in SPLITS:
        raise ConfigError(f"{table}:{number} must have a split of {', '.join(SPLITS)} but has {split!r}; correct it")
    times = {}
    for column in ("start_s", "end_s"):
        if given := row.get(column, ""):
            try:
                times[column] = float(given)
            except ValueError:
                raise ConfigError(f"{table}:{number} must have seconds in {column} but has {given!r}") from None
    path = folder / row["file"]
    identity = row.get("id", "") or Path(row["file"]).with_suffix("").as_posix()
    check_id(identity)
    text = row.get("text", "")
    return LabelledRecording(identity, path, row["label"], row.get("group", ""), split, text, **times, file_id=identity)


def _with_unique_ids(examples: Iterable[LabelledRecording]) -> list[LabelledRecording]:
    """The same file may have several rows, for several of its parts."""
    seen: Counter[str] = Counter()
    unique = []
    for example in examples:
        seen[example.id] += 1
        n = seen[example.id]
        unique.append(example if n == 1 else example._replace(id=f"{example.id}-{n}"))
    return unique
