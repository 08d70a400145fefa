"""What training reads, computed once: `python -m recipes.lip_cue.cue_sources MANIFEST CROPS FOLDER`.

Cues and band powers are small (0.6 MB per minute of speech), so that training decodes and transforms nothing: mixing
adds powers. Faces keep their mouth crops; speech without video is there for faces that are warped to say it. All of it
is held in memory: for a corpus that fits none, train from a packed one (`recipes.pack`), which needs no sources.
"""

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from avse.data.crops import load_mouth
from avse.data.manifest import Item, data_root, read_manifest
from avse.data.packed import is_packed
from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from recipes.lip_cue.packed_sources import open_sources
from recipes.lip_cue.recordings import (
    MOST_PER_NOISE_TYPE,
    MOST_PER_SPEAKER,
    Audio,
    Face,
    Sources,
    from_half,
    grey,
    read_audio_of,
    to_half,
)
from recipes.progress import bar

SPLITS = ("train", "valid")


def load_sources(folder: Path, crops: Path | None, *, split: str) -> Sources:
    """Read what this program wrote, or open a packed corpus.

    Args:
        folder: it was written to, or of a packed corpus, which then is all that is read.
        crops: folder of the crops stage.
        split: `train` or `valid`.

    Raises:
        ConfigError: a file is missing or of another kind.
    """
    if is_packed(folder):
        return open_sources(folder, split=split)
    path = folder / f"{split}.npz"
    if not path.is_file():
        raise ConfigError(f"sources {path} must exist but do not; run python -m recipes.lip_cue.cue_sources first")
    if crops is None:
        raise ConfigError("crops must be a folder for sources that are no packed corpus but are none; name it")
    with np.load(path, allow_pickle=False) as arrays:
        kinds, names, ids, cues, powers = (arrays[key] for key in ("kinds", "names", "ids", "cues", "log_powers"))
        ends = np.cumsum(arrays["n_frames"])
    faces: list[Face] = []
    others: dict[str, list[Audio]] = {"speech": [], "noise": []}
    steps = len(powers) // len(cues)
    for kind, name, identity, start, end in zip(kinds, names, ids, [0, *ends[:-1]], ends, strict=True):
        audio = from_half(str(name), cues[start:end], powers[steps * start : steps * end])
        if kind == "face":
            mouth = load_mouth(crops / f"{identity}.npz")
            faces.append(Face(audio, replace(mouth, crops=grey(mouth.crops[:]))))
        else:
            others[str(kind)].append(audio)
    return Sources(faces, others["speech"], others["noise"])


def _kind(item: Item) -> str:
    return "face" if item.video else "speech" if item.is_speech else "noise"


def choose_items(items: list[Item], *, split: str, crops: Path) -> list[Item]:
    """All faces of a split, and a few recordings of every other speaker and of every kind of noise, as they come."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    most = {"speech": MOST_PER_SPEAKER, "noise": MOST_PER_NOISE_TYPE}
    chosen = []
    for item in items:
        kind, name = _kind(item), str(item.speaker or item.noise_type)
        if item.split != split or (kind == "face" and not load_mouth(crops / f"{item.id}.npz").present.any()):
            continue
        counts[kind, name] += 1
        if counts[kind, name] <= most.get(kind, sys.maxsize):
            chosen.append(item)
    return chosen


def write_sources(items: list[Item], folder: Path, *, split: str, root: Path) -> None:
    """Describe recordings and write them as one file."""
    audios = [
        read_audio_of(root / item.audio, name=str(item.speaker or item.noise_type))
        for item in bar(items, f"read {split}")
    ]
    cues, powers = zip(*(to_half(audio) for audio in audios), strict=True)
    with atomic_write(folder / f"{split}.npz", force=True) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            kinds=[_kind(item) for item in items],
            names=[audio.name for audio in audios],
            ids=[item.id for item in items],
            n_frames=[len(audio.cue) for audio in audios],
            cues=np.concatenate(cues),
            log_powers=np.concatenate(powers),
        )


def main(argv: list[str] | None = None) -> int:
    """Write the sources of both splits."""
    parser = argparse.ArgumentParser(prog="python -m recipes.lip_cue.cue_sources", description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("crops", type=Path, help="folder of the crops stage")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args(argv)
    try:
        items = read_manifest(arguments.manifest)
        for split in SPLITS:
            chosen = choose_items(items, split=split, crops=arguments.crops)
            write_sources(chosen, arguments.folder, split=split, root=data_root())
    except AvseError as error:
        print(f"sources: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
