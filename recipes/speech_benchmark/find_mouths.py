"""Find and store the mouth of every talking face: `python -m recipes.speech_benchmark.find_mouths MANIFEST FOLDER`.

Both may be URLs, and so may `AVSE_DATA`, where the videos lie.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from tqdm import tqdm

from avse import __version__
from avse.data.manifest import Item, data_place, read_manifest
from avse.errors import AvseError, reason_of
from avse.jobs.places import Place, path_or_url, written
from recipes.executor import Command, add_options, own_share, parse, print_error, run_each
from recipes.speech_benchmark.crop_store import note_stored, remove_others, store_crops

Found = dict[str, float | str]
"""What is known of a clip: id, split and face_fraction, or the error."""


def store_mouth(item: Item, *, root: Place, folder: Place) -> Found:
    """Track one clip's mouth and write it, unless that was done before.

    Returns:
        What was found, or the error's text.
    """
    try:
        mouth = store_crops(item, root=root, folder=folder)
    except Exception as error:  # noqa: BLE001 - whatever one video does to a decoder, the others are done
        return {"id": item.id, "error": reason_of(error, thing=f"video {item.video}")}
    return {"id": item.id, "split": item.split, "face_fraction": mouth.report.face_fraction}


def _lost(item: Item, error: AvseError) -> Found:
    return {"id": item.id, "error": f"video {item.video} was not tracked: {error}"}


def find_all(arguments: argparse.Namespace) -> list[Found]:
    """Store the mouths of this run's share.

    Raises:
        AvseError: the manifest cannot be read, or no worker can be made.
    """
    root, folder = data_place(), arguments.folder
    items = own_share([item for item in read_manifest(arguments.manifest) if item.video], arguments)
    keys: dict[str, str] = {}
    if isinstance(folder, Path):
        folder.mkdir(parents=True, exist_ok=True)
        keys = remove_others(items, root=root, folder=folder)
    work = partial(store_mouth, root=root, folder=folder)
    command = Command("crops", folder, {"version": __version__})
    done = run_each(work, items, arguments, command=command, name_of=lambda item: item.id, lost=_lost)
    found = list(tqdm(done, total=len(items), desc="crops", unit="clip"))
    if isinstance(folder, Path):
        note_stored({str(row["id"]): keys[str(row["id"])] for row in found if "error" not in row}, folder=folder)
    # A share's list would hide those of the others; the run without one goes through all crops that are there.
    list_name = "found.json" if arguments.shard is None else f"found-{arguments.shard.replace('/', '-of-')}.json"
    with written(folder / list_name, force=True) as temporary:
        temporary.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def main(argv: list[str] | None = None) -> int:
    """Store all mouths; exit 1 if some clip failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=path_or_url)
    parser.add_argument("folder", type=path_or_url)
    add_options(parser)
    arguments = parse(parser, argv, stage="crops")
    try:
        found = find_all(arguments)
    except AvseError as error:
        print_error("crops", error)
        return 2
    failed = [row for row in found if "error" in row]
    for row in failed:
        print_error("crops", row["error"])
    poor = [row for row in found if float(row.get("face_fraction", 1)) < 0.98]
    print(
        f"{len(found) - len(failed)} clips, {len(poor)} with the face in fewer than 98 % of frames",
        file=sys.stderr,
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
