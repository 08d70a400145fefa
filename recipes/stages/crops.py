"""Find every talking face's mouth once and store it: `python -m recipes.stages.crops MANIFEST FOLDER`."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from tqdm import tqdm

from avse.data.crops import load_mouth, save_mouth
from avse.data.manifest import Item, data_root, read_manifest
from avse.errors import AvseError
from avse.faces.mouth import track_mouth
from avse.media.video import VideoReader
from avse.workers import in_parallel


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
        except AvseError as error:
            return {"id": item.id, "error": str(error)}
        save_mouth(path, track)
    return {"id": item.id, "split": item.split, "face_fraction": load_mouth(path).report.face_fraction}


def main(argv: list[str] | None = None) -> int:
    """Store all mouths; exit 1 if some clip failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n-jobs", type=int, default=2, help="processes (default 2)")
    arguments = parser.parse_args(argv)
    try:
        items = [item for item in read_manifest(arguments.manifest) if item.video]
        work = partial(store_mouth, root=data_root(), folder=arguments.folder)
    except AvseError as error:
        print(f"crops: error: {error}", file=sys.stderr)
        return 2
    arguments.folder.mkdir(parents=True, exist_ok=True)
    found = list(tqdm(in_parallel(work, items, n_jobs=arguments.n_jobs), total=len(items), desc="crops", unit="clip"))
    (arguments.folder / "found.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
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
