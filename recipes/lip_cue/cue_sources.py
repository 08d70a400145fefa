"""What training reads, computed once: `python -m recipes.lip_cue.cue_sources MANIFEST CROPS FOLDER`.

Cues and band powers are small (0.6 MB per minute of speech), so that training decodes and transforms nothing: mixing
adds powers. Faces keep their mouth crops; speech without video is there for faces that are warped to say it.
"""

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.data.bank import read_mono
from avse.data.crops import load_mouth
from avse.data.manifest import Item, data_root, read_manifest
from avse.errors import AvseError, ConfigError
from avse.faces.mouth import MouthTrack
from avse.media.output import atomic_write
from avse.signal.clock import n_video_frames
from avse.signal.speech_cue import CUE_RATE_HZ, speech_cue
from avse.signal.voice_features import voice_powers
from recipes.progress import bar

SAMPLE_RATE = 16000
LONGEST_S = 8.0
"""Of a recording, only so much is kept."""
MOST_PER_SPEAKER, MOST_PER_NOISE_TYPE = 3, 5
"""Recordings without video that are kept: many people, not many sentences."""
SPLITS = ("train", "valid")


class Audio(NamedTuple):
    """The audio of one recording."""

    name: str
    """Of the speaker, or of the kind of noise."""
    cue: npt.NDArray[np.float32]
    """`(frames, CUE_DIM)`, `CUE_RATE_HZ` per second; of no meaning for noise."""
    powers: npt.NDArray[np.float32]
    """`(STEPS_PER_FRAME * frames, N_BANDS)`."""


class Face(NamedTuple):
    """A talking face."""

    audio: Audio
    mouth: MouthTrack
    """With grey crops, `(n, height, width)`."""

    def present_frames(self, *, speaking: bool) -> npt.NDArray[np.int64]:
        """Rows of the mouth's crops that were seen while the person spoke, or did not."""
        frames = np.round(self.mouth.timestamps_s * CUE_RATE_HZ).astype(int).clip(0, len(self.audio.cue) - 1)
        return np.flatnonzero(self.mouth.present & ((self.audio.cue[frames, 0] > 0) == speaking))


class Sources(NamedTuple):
    """All recordings of a split."""

    faces: list[Face]
    speech: list[Audio]
    noise: list[Audio]


def read_audio_of(path: Path, *, name: str) -> Audio:
    """Read a recording's audio and describe it."""
    waveform = read_mono(path, sample_rate=SAMPLE_RATE)[: round(LONGEST_S * SAMPLE_RATE)]
    n_frames = n_video_frames(len(waveform), sample_rate=SAMPLE_RATE, rate_hz=CUE_RATE_HZ)
    return Audio(
        name,
        speech_cue(waveform, sample_rate=SAMPLE_RATE, n_frames=n_frames),
        voice_powers(waveform, sample_rate=SAMPLE_RATE, n_frames=n_frames),
    )


def load_sources(folder: Path, crops: Path, *, split: str) -> Sources:
    """Read what this program wrote.

    Args:
        folder: it was written to.
        crops: folder of the crops stage.
        split: `train` or `valid`.

    Raises:
        ConfigError: a file is missing or of another kind.
    """
    path = folder / f"{split}.npz"
    if not path.is_file():
        raise ConfigError(f"sources {path} must exist but do not; run python -m recipes.lip_cue.cue_sources first")
    with np.load(path, allow_pickle=False) as arrays:
        kinds, names, ids = (arrays[key] for key in ("kinds", "names", "ids"))
        ends = np.cumsum(arrays["n_frames"])
        cues, powers = arrays["cues"].astype(np.float32), np.exp(arrays["log_powers"].astype(np.float32))
    found = Sources([], [], [])
    steps = len(powers) // len(cues)
    for kind, name, identity, start, end in zip(kinds, names, ids, [0, *ends[:-1]], ends, strict=True):
        audio = Audio(str(name), cues[start:end], powers[steps * start : steps * end])
        if kind == "face":
            mouth = load_mouth(crops / f"{identity}.npz")
            found.faces.append(Face(audio, replace(mouth, crops=grey(mouth.crops[:]))))
        else:
            getattr(found, str(kind)).append(audio)
    return found


def grey(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The mean of the colours, `(n, height, width, 3)` to `(n, height, width)`, as mouth motion reads them."""
    mean: npt.NDArray[np.uint8] = np.round(images.mean(axis=-1, dtype=np.float32)).astype(np.uint8)
    return mean


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
    with atomic_write(folder / f"{split}.npz", force=True) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            kinds=[_kind(item) for item in items],
            names=[audio.name for audio in audios],
            ids=[item.id for item in items],
            n_frames=[len(audio.cue) for audio in audios],
            cues=np.concatenate([audio.cue for audio in audios]).astype(np.float16),
            log_powers=np.log(np.concatenate([audio.powers for audio in audios]) + 1e-10).astype(np.float16),
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
