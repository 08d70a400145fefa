"""Check the GRID data pack and write the manifest that training reads.

python egs/grid/prepare.py check
python egs/grid/prepare.py manifest exp/manifest.jsonl
"""

import json
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from avse.corpora.prepare import prepare_command
from avse.data.manifest import Item, data_root, read_mixtures
from avse.errors import ConfigError

MIXTURES = "av/test_mixtures.jsonl"
FACES = ("av/grid/manifest.jsonl", "av/more/manifest.jsonl")
"""GRID, and further faces; packs of the first edition lack the second file."""


def read_items(root: Path) -> list[Item]:
    """All recordings of the pack: talking faces, sentences without video, noises."""
    items = [
        Item(
            id=row["id"], split=row["split"], audio=row["audio"], video=row["video"], speaker=row["speaker"],
            text=row["text"], duration_s=row["duration_s"], licence=row["licence"], attribution=row.get("attribution"),
        )
        for name in FACES
        if name == FACES[0] or (root / name).is_file()
        for row in _rows(root / name)
    ]  # fmt: skip
    items += [
        Item(
            id=_identity(row), split=row["split"], audio=row["path"], licence=row["licence"],
            speaker=row.get("speaker"), noise_type=row.get("type"), duration_s=row.get("duration_s"),
            attribution=row.get("attribution"), recording=row.get("recording"),
        )
        for name in ("speech/manifest.jsonl", "noise/manifest.jsonl")
        for row in _rows(root / name)
    ]  # fmt: skip
    return items


def check(root: Path) -> str:
    """Validate that every file is there and that no unseen speaker and no noise crosses the splits.

    Raises:
        ConfigError: what is missing, or what leaks.
    """
    items, mixtures = read_items(root), read_mixtures(root / MIXTURES)
    missing = [i.audio for i in items if not (root / i.audio).is_file()]
    missing += [c.path for m in mixtures for c in m.noise if not (root / c.path).is_file()]
    if missing:
        raise ConfigError(
            f"{len(missing)} files are missing under {root}, the first is {missing[0]}; fetch the pack again"
        )
    compared: dict[str, list[set[str | None]]] = {
        "unseen speaker": [
            {i.speaker for i in items if i.split == "test_unseen"},
            _of(items, "speaker", "train", "valid"),
        ],
        "recording": [
            {i.audio for i in items if i.split.startswith("test")},
            _of(items, "audio", "train", "valid"),
        ],
        "source recording": [
            {recording_of(i) for i in items if i.split.startswith("test")} - {None},
            {recording_of(i) for i in items if not i.split.startswith("test")},
        ],
    }
    for kind, names in compared.items():
        if shared := names[0] & names[1]:
            raise ConfigError(
                f"no {kind} of the test may be trained on but {sorted(map(str, shared))[0]} is; mend the split"
            )
    by_id = {item.id: item for item in items}
    if strays := [m.id for m in mixtures if by_id[m.clip].split != m.split]:
        raise ConfigError(f"mixture {strays[0]} must be of its clip's split but is not; fetch the pack again")
    faces = sum(item.video is not None for item in items)
    lines = [f"{faces} talking faces, {len(items) - faces} other recordings, {len(mixtures)} test mixtures: complete"]
    lines += [
        f"note: {kind} {' and '.join(found)} may be of one session but stand in different splits"
        for kind, found in sessions_across(items)
    ]
    return "\n".join(lines)


FREESOUND = re.compile(r"(?:esc10_|esc50_)?\d-(\d{3,7})-[A-Z]\b")
"""ESC's names: fold, Freesound id, take."""
NEAR = 5
"""Freesound ids so close, of one kind, are uploads of one session as a rule."""


def recording_of(item: Item) -> str | None:
    """The recording that a noise was cut from: what the manifest says, else the Freesound id in its name."""
    if item.noise_type is None:
        return None
    if item.recording:
        return item.recording
    found = FREESOUND.search(Path(item.audio).name)
    return f"freesound:{found.group(1)}" if found else None


def sessions_across(items: list[Item]) -> list[tuple[str, list[str]]]:
    """Noises of one kind whose Freesound ids are close and whose splits differ: kind, and id with split of each.

    The pack's splits are fixed with its benchmark, so that such siblings are reported and not refused.
    """
    known = {
        (str(item.noise_type), int(number), item.split)
        for item in items
        if (source := recording_of(item)) and (number := source.partition("freesound:")[2]).isdigit()
    }
    found = []
    for (kind, first, split), (other, second, where) in pairwise(sorted(known)):
        if kind == other and 0 < second - first <= NEAR and split != where:
            found.append((kind, [f"{first} ({split})", f"{second} ({where})"]))
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise ConfigError(f"the data pack must hold {path} but does not; set AVSE_DATA to the pack's folder")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _identity(row: dict[str, Any]) -> str:
    return Path(row["path"]).with_suffix("").as_posix()


def _of(items: list[Item], field: str, *splits: str) -> set[str | None]:
    return {getattr(item, field) for item in items if item.split in splits}


if __name__ == "__main__":
    sys.exit(
        prepare_command(
            sys.argv[1:], usage=__doc__, check=lambda: check(data_root()), items=lambda: read_items(data_root())
        )
    )
