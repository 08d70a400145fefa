"""What the outputs of a stage were made from, so that only those of the same inputs are used again."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from avse import __version__
from avse.data.manifest import Item, Mixture
from avse.jobs.growing import read_text
from avse.jobs.places import Place, files_in, fingerprint_of, remove, under, written
from avse.media.made import digest, key_of
from avse.models.pretrained import files_of
from avse.training.settings import folder_digest

RECORD = ".made_from.json"


def keep_if_same(folder: Place, *, facts: Mapping[str, Any], outputs: Iterable[Place], record: str = RECORD) -> None:
    """Remove outputs that were not made from the same, or have no note, and note what those to come are made from.

    Args:
        folder: that holds the note.
        facts: JSON-able, everything that the outputs depend on; the version of the code is added.
        outputs: what the stage has written so far.
        record: name of the note.
    """
    note = folder / record
    now = {"key": key_of({**facts, "version": __version__}), "facts": facts, "version": __version__}
    if _key(note) != now["key"]:
        for place in outputs:
            remove(place)
        with written(note, force=True) as temporary:
            temporary.write_text(json.dumps(now, indent=1, default=str) + "\n", encoding="utf-8")


def model_facts(name: str) -> list[str | None]:
    """Hashes of a model's files; its name where it is a method without any."""
    files = [path for path in files_of(name) if path.is_file()]
    return [digest(path) for path in files] or [name]


def data_facts(
    mixtures: Sequence[Mixture], items: Sequence[Item], *, root: Place, crops: Place | None = None
) -> dict[str, Any]:
    """What fixed mixtures are of: their own lines, those of the clips, their recordings, and the clips' mouths.

    Args:
        mixtures: all of the list.
        items: of the manifest.
        root: folder that the recordings' paths start from.
        crops: folder of mouths; None where no video is used.
    """
    clips = {mixture.clip for mixture in mixtures}
    clips |= {cut.clip for mixture in mixtures for cut in mixture.noise if cut.clip is not None}
    # Any of the tests' faces may be the stranger of a mixture.
    used = [item for item in items if item.id in clips or (item.video and item.split.startswith("test"))]
    recordings = {cut.path for mixture in mixtures for cut in mixture.noise} | {item.audio for item in used}
    names = {f"{item.id}.npz" for item in used}
    return {
        "mixtures": key_of({"rows": [dataclasses.asdict(mixture) for mixture in mixtures]}),
        "clips": key_of({"rows": [dataclasses.asdict(item) for item in used]}),
        "recordings": key_of({"files": [[path, fingerprint_of(under(root, path))] for path in sorted(recordings)]}),
        "crops": None if crops is None or not crops.is_dir() else _content(crops, names),
    }


def _content(folder: Place, names: Set[str]) -> Any:
    """What tells files of a folder from others; of those at a URL, names, sizes and versions."""
    if isinstance(folder, Path):
        return folder_digest(folder, names=names)
    return [fingerprint_of(place) for place in files_in(folder, (".npz",)) if place.name in names]


def _key(note: Place) -> str | None:
    try:
        key = json.loads(read_text(note)).get("key")
    except (ValueError, AttributeError):
        return None
    return str(key)
