"""The recordings of one split."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from avse.data.bank import WaveformBank
from avse.data.crops import load_mouth
from avse.data.joined import join_clips
from avse.data.manifest import Item, data_root, read_manifest
from avse.data.packed import Kind, Lazy, PackedBank, is_packed, open_packed
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.types import Waveform

_AUDIO_KINDS: tuple[Kind, ...] = ("speech", "noise")

Progress = Callable[[Iterable[Any], str], Iterable[Any]]


class Corpus(NamedTuple):
    """The recordings of one split."""

    faces: "WaveformBank | Joined | PackedBank"
    """Clips with video; each is the target once an epoch."""
    mouths: Sequence[MouthTrack] | Lazy[MouthTrack]
    """Of the faces, in the same order."""
    speech: WaveformBank | PackedBank
    """Sentences without video, as competing voices and as targets audio-only; there may be none."""
    noise: WaveformBank | PackedBank
    """Noise recordings."""


class Joined(NamedTuple):
    """As `WaveformBank`, of clips of one speaker joined end to end."""

    items: list[Item]
    """Of the first clip of each."""
    waveforms: list[Waveform]
    """Each `(samples,)`."""

    def __len__(self) -> int:
        return len(self.items)


def join_faces(corpus: Corpus, *, n_clips: int, seed: int, sample_rate: int) -> Corpus:
    """Follow each talking face's clip by others of its speaker.

    They are drawn without repetition as long as there are enough; a person of one clip repeats it.

    Args:
        corpus: of short clips.
        n_clips: clips of each joined video.
        seed: of the draw.
        sample_rate: Hz of the corpus.
    """
    rng = np.random.default_rng(seed)
    clips_of: dict[str | None, list[int]] = defaultdict(list)
    for index, item in enumerate(corpus.faces.items):
        clips_of[item.speaker].append(index)
    joined = []
    for index, item in enumerate(corpus.faces.items):
        others = [i for i in clips_of[item.speaker] if i != index] or [index]
        chosen = [index, *rng.choice(others, size=n_clips - 1, replace=len(others) < n_clips - 1)]
        joined.append(
            join_clips(
                [corpus.faces.waveforms[i] for i in chosen], [corpus.mouths[i] for i in chosen], sample_rate=sample_rate
            )
        )
    faces = Joined(list(corpus.faces.items), [video.waveform for video in joined])
    return corpus._replace(faces=faces, mouths=[video.mouth for video in joined])


def load_corpus(
    manifest: Path, crops: Path, *, split: str, sample_rate: int, progress: Progress = lambda items, _: items
) -> Corpus:
    """Open a split's recordings, whose samples lie in `audio` beside the crops, and read its mouth crops.

    Args:
        manifest: of all recordings.
        crops: folder of the crops stage, or of a packed corpus, which then is all that is read.
        split: `train` or `valid`.
        sample_rate: Hz.
        progress: wraps what is gone through, and gets its name.

    Raises:
        ConfigError: crops are missing, or the packed corpus is of another rate or has no talking faces.
    """
    if is_packed(crops):
        return _load_packed(crops, split=split, sample_rate=sample_rate)
    items = [item for item in read_manifest(manifest) if item.split == split]

    def bank(which: str, chosen: list[Item]) -> WaveformBank:
        return WaveformBank(
            chosen, root=data_root(), sample_rate=sample_rate, folder=crops.parent / "audio",
            progress=lambda i: progress(i, f"read {split} {which}"),
        )  # fmt: skip

    faces = bank("faces", [item for item in items if item.video])
    return Corpus(
        faces=faces,
        mouths=[load_mouth(crops / f"{item.id}.npz") for item in faces.items],
        speech=bank("speech", [item for item in items if item.is_speech and not item.video]),
        noise=bank("noise", [item for item in items if not item.is_speech]),
    )


def _load_packed(folder: Path, *, split: str, sample_rate: int) -> Corpus:
    """Open a split of a packed corpus; nothing is read before it is drawn."""
    faces = open_packed(folder, split=split, kind="faces", sample_rate=sample_rate)
    if faces is None:
        raise ConfigError(f"packed corpus {folder} must hold talking faces of {split} but holds none; pack them")
    speech, noise = (open_packed(folder, split=split, kind=kind, sample_rate=sample_rate) or _no_recordings(sample_rate)
                     for kind in _AUDIO_KINDS)  # fmt: skip
    return Corpus(faces, faces.mouths, speech, noise)


def _no_recordings(sample_rate: int) -> WaveformBank:
    return WaveformBank([], root=Path(), sample_rate=sample_rate)
