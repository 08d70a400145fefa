"""Find and store the mouth of every talking face: `python -m recipes.speech_benchmark.find_mouths MANIFEST FOLDER`."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from tqdm import tqdm

from avse import __version__
from avse.data.crops import load_mouth, save_mouth
from avse.data.manifest import Item, data_root, read_manifest
from avse.errors import AvseError, reason_of
from avse.faces.mouth import track_mouth
from avse.media.made import Made, State, fingerprint, key_of
from avse.media.output import atomic_write
from avse.media.video import VideoReader
from recipes.executor import Command, add_options, own_share, run_each

RECORD = ".crops.jsonl"
"""Which crops were made from which videos, in their folder."""


def store_mouth(item: Item, *, root: Path, folder: Path) -> dict[str, float | str]:
    """Track one clip's mouth and write it, unless that was done before.

    Returns:
        What was found, or the error's text.
    """
    path = folder / f"{item.id}.npz"
    if not path.is_file():
        try:
            with VideoReader(root / str(item.video)) as reader:
                track = track_mouth(reader.frames(), speaker="largest")
            save_mouth(path, track)
        except Exception as error:  # noqa: BLE001 - whatever one video does to a decoder, the others are done
            return {"id": item.id, "error": reason_of(error, thing=f"video {item.video}")}
    return {"id": item.id, "split": item.split, "face_fraction": load_mouth(path).report.face_fraction}


def crops_key(video: Path) -> str:
    """A short name for all that the crops of a video depend on."""
    return key_of({"version": __version__, "video": fingerprint(video)})


def _lost(item: Item, error: AvseError) -> dict[str, float | str]:
    return {"id": item.id, "error": f"video {item.video} was not tracked: {error}"}


def _remove_others(items: list[Item], made: Made, *, root: Path, folder: Path) -> dict[str, str]:
    """Remove crops that were made from other videos or by another version; the keys of all clips.

    Crops that nothing is noted of are from before there were notes, and are kept.
    """
    keys = {}
    for item in items:
        keys[item.id] = crops_key(root / str(item.video))
        path = folder / f"{item.id}.npz"
        if made.knows([path]) and made.state(keys[item.id], [path]) is not State.DONE:
            path.unlink(missing_ok=True)
    return keys


def main(argv: list[str] | None = None) -> int:
    """Store all mouths; exit 1 if some clip failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    add_options(parser)
    arguments = parser.parse_args(argv)
    try:
        items = own_share([item for item in read_manifest(arguments.manifest) if item.video], arguments)
        work = partial(store_mouth, root=data_root(), folder=arguments.folder)
    except AvseError as error:
        print(f"crops: error: {error}", file=sys.stderr)
        return 2
    arguments.folder.mkdir(parents=True, exist_ok=True)
    made = Made(arguments.folder, name=RECORD)
    keys = _remove_others(items, made, root=data_root(), folder=arguments.folder)
    try:
        command = Command("crops", arguments.folder, {"version": __version__})
        done = run_each(work, items, arguments, command=command, name_of=lambda item: item.id, lost=_lost)
        found = list(tqdm(done, total=len(items), desc="crops", unit="clip"))
    except AvseError as error:
        print(f"crops: error: {error}", file=sys.stderr)
        return 2
    for row in found:
        if "error" not in row:
            made.finish(keys[str(row["id"])], [arguments.folder / f"{row['id']}.npz"])
    # A share's list would hide those of the others; the run without one goes through all crops that are there.
    list_name = "found.json" if arguments.shard is None else f"found-{arguments.shard.replace('/', '-of-')}.json"
    with atomic_write(arguments.folder / list_name, force=True) as temporary:
        temporary.write_text(json.dumps(found, indent=1), encoding="utf-8")
    failed = [row for row in found if "error" in row]
    for row in failed:
        print(f"crops: error: {row['error']}", file=sys.stderr)
    poor = [row for row in found if float(row.get("face_fraction", 1)) < 0.98]
    print(
        f"{len(found) - len(failed)} clips, {len(poor)} with the face in fewer than 98 % of frames",
        file=sys.stderr,
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
