"""Pack a corpus for training that fits no memory: `python -m recipes.pack MANIFEST FOLDER --crops CROPS`.

Speech, talking faces and noise of each split become shards of one format (`avse.data.packed`). The folder then takes
the place of the crops (`--crops FOLDER`, or `--audio FOLDER` of the steered model) in every recipe that trains on
mixtures. A killed run continues with the split and kind that it was at.
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from avse.data.manifest import Item, data_root, read_manifest
from avse.data.packed import HEAD, Kind, is_packed, pack_bank
from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write


def kind_of(item: Item) -> Kind:
    """What a recording is packed as."""
    if not item.is_speech:
        return "noise"
    return "faces" if item.video else "speech"


def pack(items: Sequence[Item], folder: Path, *, crops: Path | None, sample_rate: int, shard_mb: float) -> int:
    """Pack all splits and kinds; the number of recordings.

    Args:
        items: of the manifest.
        folder: of the packed corpus.
        crops: folder of the crops stage; None packs the audio of faces only.
        sample_rate: Hz.
        shard_mb: size of a shard, MB of 2**20 bytes.

    Raises:
        AvseError: crops are missing, or a recording cannot be read.
    """
    groups: dict[tuple[str, Kind], list[Item]] = {}
    for item in items:
        groups.setdefault((item.split, kind_of(item)), []).append(item)
    for (split, kind), some in sorted(groups.items()):
        place = folder / split / kind
        if place.is_dir():
            continue
        part = place.with_name(f".{kind}.part")
        shutil.rmtree(part, ignore_errors=True)
        pack_bank(
            some, part, root=data_root(), sample_rate=sample_rate, crops=crops if kind == "faces" else None,
            max_bytes=round(shard_mb * 2**20), progress=partial(_bar, name=f"{split} {kind}"),
        )  # fmt: skip
        part.rename(place)
    return len(items)


def _bar(items: Sequence[Item], *, name: str) -> Iterable[Item]:
    return tqdm(items, desc=name, unit="file")


def main(argv: list[str] | None = None) -> int:
    """Pack a corpus; exit 2 if it cannot be packed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("manifest", type=Path)
    add("folder", type=Path, help="for the shards")
    add("--crops", type=Path, help="folder of the crops stage")
    add("--sample-rate", type=int, default=16000, help="Hz (default 16000)")
    add("--shard-mb", type=float, default=256.0, help="size of a shard (default 256)")
    arguments = parser.parse_args(argv)
    try:
        items = read_manifest(arguments.manifest)
        facts = {"sample_rate": arguments.sample_rate, "manifest": _digest(arguments.manifest)}
        _check_same(arguments.folder, facts)
        n = pack(
            items, arguments.folder, crops=arguments.crops, sample_rate=arguments.sample_rate,
            shard_mb=arguments.shard_mb,
        )  # fmt: skip
        with atomic_write(arguments.folder / HEAD, force=True) as temporary:
            temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    except (AvseError, OSError) as error:
        print(f"pack: error: {error}", file=sys.stderr)
        return 2
    print(f"{n} recordings packed into {arguments.folder}", file=sys.stderr)
    return 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _check_same(folder: Path, facts: dict[str, object]) -> None:
    """Refuse a folder that holds another corpus."""
    begun = folder / ".packing.json"
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / HEAD if is_packed(folder) else begun
    if known.is_file() and json.loads(known.read_text(encoding="utf-8")) != facts:
        raise ConfigError(f"folder {folder} must hold this corpus at this rate but holds another; name another folder")
    with atomic_write(begun, force=True) as temporary:
        temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
