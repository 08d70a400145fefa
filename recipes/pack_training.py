"""Pack what training reads into archives of limited size, to carry it to a machine with a GPU.

`python -m recipes.pack_training MANIFEST FOLDER` writes `part_000.tar` and so on; unpack them all into one
folder there, name it AVSE_DATA, and train as here. Nothing of the test splits is packed.
"""

import argparse
import sys
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from avse.data.manifest import Item, data_root, read_manifest
from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write

PACKED_SPLITS = ("train", "valid")
RESPONSES = "rir"
"""Folder of room responses in the data pack."""


def training_files(items: Iterable[Item], *, root: Path) -> list[Path]:
    """Files that training reads, relative to the root, each once."""
    chosen = [item for item in items if item.split in PACKED_SPLITS]
    paths = [path for item in chosen for path in (item.audio, item.video) if path is not None]
    paths += [path.relative_to(root).as_posix() for path in sorted((root / RESPONSES).glob("*.flac"))]
    return [Path(path) for path in dict.fromkeys(paths)]


def split_by_size(files: Sequence[Path], *, root: Path, limit_bytes: int) -> list[list[Path]]:
    """Group files in order so that each group's archive stays within a size.

    Args:
        files: relative to the root.
        root: folder that they lie in.
        limit_bytes: of an archive.

    Raises:
        ConfigError: one file alone is larger.
    """
    groups: list[list[Path]] = []
    size = limit_bytes + 1
    for file in files:
        # A tar holds a header of 512 bytes for each file, which it fills up to whole blocks.
        needed = 512 + -(-(root / file).stat().st_size // 512) * 512
        if needed + 2 * 512 > limit_bytes:
            raise ConfigError(
                f"file {file} must fit into an archive of {limit_bytes} bytes but does not; raise the limit"
            )
        if size + needed > limit_bytes - tarfile.RECORDSIZE:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += needed
    return groups


def main(argv: list[str] | None = None) -> int:
    """Write the archives; exit 1 if a file is missing or cannot be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit-mib", type=float, default=60.0, help="size of an archive (default 60)")
    arguments = parser.parse_args(argv)
    try:
        root = data_root()
        files = training_files(read_manifest(arguments.manifest), root=root)
        groups = split_by_size(files, root=root, limit_bytes=int(arguments.limit_mib * 2**20))
        for number, group in enumerate(groups):
            path = arguments.folder / f"part_{number:03d}.tar"
            with atomic_write(path, force=True) as temporary, tarfile.open(temporary, "w") as archive:
                for file in group:
                    archive.add(root / file, arcname=file.as_posix(), recursive=False)
    except (AvseError, OSError) as error:
        print(f"pack_training: error: {error}", file=sys.stderr)
        return 1
    print(f"{len(files)} files in {len(groups)} archives of at most {arguments.limit_mib:g} MiB: {arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
