"""The recordings of one split."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from avse.data.bank import WaveformBank
from avse.data.crops import load_mouth
from avse.data.joined import join_clips
from avse.data.manifest import Item, data_root, read_manifest
from avse.data.mix import Waveform
from avse.faces.mouth import MouthTrack

Progress = Callable[[Iterable[Any], str], Iterable[Any]]


class Corpus(NamedTuple):
    """The recordings of one split."""

    faces: "WaveformBank | Joined"
    """Clips with video; each is the target once an epoch."""
    mouths: list[MouthTrack]
    """Of the faces, in the same order."""
    speech: WaveformBank
    """Sentences without video, as competing voices and as targets by sound alone; there may be none."""
    noise: WaveformBank
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
        crops: folder of the crops stage.
        split: `train` or `valid`.
        sample_rate: Hz.
        progress: wraps what is gone through, and is told what it is.

    Raises:
        ConfigError: crops are missing.
    """
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
