"""Pack a corpus for training that fits no memory: `python -m recipes.pack MANIFEST FOLDER --crops CROPS`.

Speech, talking faces and noise of each split become shards of one format (`avse.data.packed`). The folder then takes
the place of the crops (`--crops FOLDER`, or `--audio FOLDER` of the steered model) in every recipe that trains on
mixtures. A killed run continues with the split and kind that it was at. With `--shard I/N` the run that finds all
splits and kinds packed completes the folder, whichever that is. All places may be URLs, and so may `AVSE_DATA`;
training maps the packed corpus into memory, and so reads a copy of it on a disk.
"""

import argparse
import hashlib
import json
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from avse.data.manifest import Item, data_place, read_manifest
from avse.data.packed import HEAD, NAMES, Kind, pack_bank
from avse.errors import AvseError, ConfigError
from avse.jobs.call import report_progress
from avse.jobs.growing import read_text
from avse.jobs.places import Place, Url, on_disk, path_or_url, written
from avse.jobs.urls import put
from avse.media.output import scratch_folder
from recipes.executor import Command, add_options, own_share, parse, print_error, run_each


class Group(NamedTuple):
    """Recordings that are packed together."""

    split: str
    kind: Kind

    @property
    def name(self) -> str:
        """For people, and for the journal."""
        return f"{self.split} {self.kind}"


class Packing(NamedTuple):
    """What a worker packs a group from, and where; small, for a manifest may be long."""

    manifest: Place
    root: Place
    """That the manifest's paths start from."""
    folder: Place
    """Of the packed corpus."""
    crops: Place | None
    """Folder of the crops stage; None packs the audio of faces only."""
    sample_rate: int
    """Hz."""
    max_bytes: int
    """Of a shard, about."""


class Packed(NamedTuple):
    """What became of a group."""

    group: Group
    n: int
    """Recordings."""
    error: str | None = None


def kind_of(item: Item) -> Kind:
    """What a recording is packed as."""
    if not item.is_speech:
        return "noise"
    return "faces" if item.video else "speech"


def group_of(item: Item) -> Group:
    """What a recording is packed with."""
    return Group(item.split, kind_of(item))


def pack_group(group: Group, *, packing: Packing) -> Packed:
    """Pack a split's recordings of one kind, unless that was done before; the error's text where it cannot be done."""
    try:
        items = [item for item in read_manifest(packing.manifest) if group_of(item) == group]
        with _place_for(packing.folder / group.split / group.kind) as part:
            if part is not None:
                pack_bank(
                    items, part, root=packing.root, sample_rate=packing.sample_rate, max_bytes=packing.max_bytes,
                    crops=packing.crops if group.kind == "faces" else None, progress=partial(_followed, group=group),
                )  # fmt: skip
    except (AvseError, OSError) as error:
        return _lost(group, error)
    return Packed(group, len(items))


def _lost(group: Group, error: Exception) -> Packed:
    return Packed(group, 0, f"{group.name} was not packed: {error}")


def _followed(items: Sequence[Item], *, group: Group) -> Iterator[Item]:
    """The items, with a bar, and a report for the executor's time limit."""
    for index, item in enumerate(tqdm(items, desc=group.name, unit="file", leave=False)):
        report_progress(group.name, index, len(items))
        yield item


@contextmanager
def _place_for(place: Place) -> Iterator[Path | None]:
    """Give a folder to pack a kind in, which takes its place when all went well; None where that was done before."""
    if _is_there(place):
        yield None
    elif isinstance(place, Url):
        with scratch_folder() as scratch:
            yield scratch / "bank"
            for path in sorted((scratch / "bank").iterdir(), key=lambda path: path.name == NAMES):
                put(path, place / path.name)
    else:
        # Of this run alone: a second one, or a retry whose first worker still lives, packs into another.
        part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
        try:
            yield part
            part.rename(place)
        except (AvseError, OSError):
            if not _is_there(place):  # nobody else was faster
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
        for left in place.parent.glob(f".{place.name}.*part"):  # of runs that were killed, or are too late
            shutil.rmtree(left, ignore_errors=True)


def pack_all(arguments: argparse.Namespace) -> list[Packed]:
    """Pack this run's share; once all groups are there, whoever packed them, the folder is marked as a packed corpus.

    Raises:
        AvseError: the manifest cannot be read, the folder holds another corpus, or no worker can be made.
    """
    with on_disk(arguments.manifest) as path:
        every = sorted({group_of(item) for item in read_manifest(path)})
        facts = {"sample_rate": arguments.sample_rate, "manifest": _digest(path)}
    folder = arguments.folder
    _check_same(folder, facts)
    max_bytes = round(arguments.shard_mb * 2**20)
    packing = Packing(arguments.manifest, data_place(), folder, arguments.crops, arguments.sample_rate, max_bytes)
    command = Command("pack", folder, {**facts, "shard_mb": arguments.shard_mb, "crops": str(arguments.crops)})
    work, own = partial(pack_group, packing=packing), own_share(every, arguments)
    done = list(run_each(work, own, arguments, command=command, name_of=lambda group: group.name, lost=_lost))
    absent = [group for group in every if not _is_there(folder / group.split / group.kind)]
    if not absent:
        with written(folder / HEAD, force=True) as temporary:
            temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    elif arguments.shard is None and not any(row.error for row in done):
        raise ConfigError(
            f"folder {folder} must be one that all machines share but {absent[0].name}, packed elsewhere, is not "
            "there; name a shared folder or a URL"
        )
    return done


def _is_there(place: Place) -> bool:
    """True once a group is packed: its list of names is put last, and a folder on a disk is renamed."""
    return (place / NAMES).is_file() if isinstance(place, Url) else place.is_dir()


def main(argv: list[str] | None = None) -> int:
    """Pack a corpus; exit 2 if some of it cannot be packed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("manifest", type=path_or_url)
    add("folder", type=path_or_url, help="for the shards")
    add("--crops", type=path_or_url, help="folder of the crops stage")
    add("--sample-rate", type=int, default=16000, help="Hz (default 16000)")
    add("--shard-mb", type=float, default=256.0, help="size of a shard (default 256)")
    add_options(parser)
    arguments = parse(parser, argv, stage="pack")
    try:
        done = pack_all(arguments)
    except (AvseError, OSError) as error:
        print_error("pack", error)
        return 2
    failed = [row.error for row in done if row.error is not None]
    for text in failed:
        print_error("pack", text)
    print(f"{sum(row.n for row in done)} recordings packed into {arguments.folder}", file=sys.stderr)
    return 2 if failed else 0


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
