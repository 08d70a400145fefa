"""Pack a corpus for training that fits no memory: `python -m recipes.pack MANIFEST FOLDER --crops CROPS`.

Speech, talking faces and noise of each split become shards of one format (`avse.data.packed`). The folder then takes
the place of the crops (`--crops FOLDER`, or `--audio FOLDER` of the steered model) in every recipe that trains on
mixtures. A killed run continues with the split and kind that it was at. All places may be URLs, and so may `AVSE_DATA`;
training maps the packed corpus into memory, and so reads a copy of it on a disk.
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tqdm import tqdm

from avse.data.manifest import Item, data_place, read_manifest
from avse.data.packed import HEAD, NAMES, Kind, pack_bank
from avse.errors import AvseError, ConfigError
from avse.jobs.growing import read_text
from avse.jobs.places import Place, Url, on_disk, path_or_url, written
from avse.jobs.urls import put
from avse.media.output import scratch_folder


def kind_of(item: Item) -> Kind:
    """What a recording is packed as."""
    if not item.is_speech:
        return "noise"
    return "faces" if item.video else "speech"


def pack(items: Sequence[Item], folder: Place, *, crops: Place | None, sample_rate: int, shard_mb: float) -> int:
    """Pack all splits and kinds; the number of recordings.

    Args:
        items: of the manifest.
        folder: of the packed corpus.
        crops: folder of the crops stage; None packs the audio of faces only.
        sample_rate: Hz.
        shard_mb: size of a shard, MB of 2**20 bytes.

    Raises:
        AvseError: crops are missing, a recording cannot be read, or a place at a URL cannot be written.
    """
    groups: dict[tuple[str, Kind], list[Item]] = {}
    for item in items:
        groups.setdefault((item.split, kind_of(item)), []).append(item)
    for (split, kind), some in sorted(groups.items()):
        with _place_for(folder / split / kind) as part:
            if part is not None:
                pack_bank(
                    some, part, root=data_place(), sample_rate=sample_rate, crops=crops if kind == "faces" else None,
                    max_bytes=round(shard_mb * 2**20), progress=partial(_bar, name=f"{split} {kind}"),
                )  # fmt: skip
    return len(items)


@contextmanager
def _place_for(place: Place) -> Iterator[Path | None]:
    """Give a folder to pack a kind in, which takes its place when all went well; None where that was done before."""
    if isinstance(place, Url):
        if (place / NAMES).is_file():  # put last
            yield None
            return
        with scratch_folder() as scratch:
            yield scratch / "bank"
            for path in sorted((scratch / "bank").iterdir(), key=lambda path: path.name == NAMES):
                put(path, place / path.name)
    elif place.is_dir():
        yield None
    else:
        part = place.with_name(f".{place.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        yield part
        part.rename(place)


def _bar(items: Sequence[Item], *, name: str) -> Iterable[Item]:
    return tqdm(items, desc=name, unit="file")


def main(argv: list[str] | None = None) -> int:
    """Pack a corpus; exit 2 if it cannot be packed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("manifest", type=path_or_url)
    add("folder", type=path_or_url, help="for the shards")
    add("--crops", type=path_or_url, help="folder of the crops stage")
    add("--sample-rate", type=int, default=16000, help="Hz (default 16000)")
    add("--shard-mb", type=float, default=256.0, help="size of a shard (default 256)")
    arguments = parser.parse_args(argv)
    try:
        with on_disk(arguments.manifest) as path:
            items = read_manifest(path)
            facts = {"sample_rate": arguments.sample_rate, "manifest": _digest(path)}
        _check_same(arguments.folder, facts)
        n = pack(
            items, arguments.folder, crops=arguments.crops, sample_rate=arguments.sample_rate,
            shard_mb=arguments.shard_mb,
        )  # fmt: skip
        with written(arguments.folder / HEAD, force=True) as temporary:
            temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    except (AvseError, OSError) as error:
        print(f"pack: error: {error}", file=sys.stderr)
        return 2
    print(f"{n} recordings packed into {arguments.folder}", file=sys.stderr)
    return 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _check_same(folder: Place, facts: dict[str, object]) -> None:
    """Refuse a folder that holds another corpus."""
    begun = folder / ".packing.json"
    if isinstance(folder, Path):
        folder.mkdir(parents=True, exist_ok=True)
    known = next((text for place in (folder / HEAD, begun) if (text := read_text(place))), None)
    if known is not None and json.loads(known) != facts:
        raise ConfigError(f"folder {folder} must hold this corpus at this rate but holds another; name another folder")
    with written(begun, force=True) as temporary:
        temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
