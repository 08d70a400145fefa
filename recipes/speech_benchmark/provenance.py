"""What the outputs of a stage were made from, so that only those of the same inputs are used again."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from avse import __version__
from avse.data.manifest import Item, Mixture
from avse.media.made import digest, fingerprint, key_of
from avse.media.output import atomic_write
from avse.models.pretrained import files_of
from avse.training.settings import folder_digest

RECORD = ".made_from.json"


def keep_if_same(folder: Path, *, facts: Mapping[str, Any], outputs: Iterable[Path], record: str = RECORD) -> None:
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
        for path in outputs:
            path.unlink(missing_ok=True)
        with atomic_write(note, force=True) as temporary:
            temporary.write_text(json.dumps(now, indent=1, default=str) + "\n", encoding="utf-8")


def model_facts(name: str) -> list[str | None]:
    """Hashes of a model's files; its name where it is a method without any."""
    files = [path for path in files_of(name) if path.is_file()]
    return [digest(path) for path in files] or [name]


def data_facts(
    mixtures: Sequence[Mixture], items: Sequence[Item], *, root: Path, crops: Path | None = None
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
        "recordings": key_of({"files": [[path, fingerprint(root / path)] for path in sorted(recordings)]}),
        "crops": folder_digest(crops, names=names) if crops is not None and crops.is_dir() else None,
    }


def _key(note: Path) -> str | None:
    try:
        key = json.loads(note.read_text(encoding="utf-8")).get("key")
    except (OSError, ValueError, AttributeError):
        return None
    return str(key)
