"""The recordings of one split, in memory."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from avse.data.bank import WaveformBank
from avse.data.crops import load_mouth
from avse.data.manifest import Item, data_root, read_manifest
from avse.faces.mouth import MouthTrack

Progress = Callable[[Iterable[Any], str], Iterable[Any]]


class Corpus(NamedTuple):
    """The recordings of one split."""

    faces: WaveformBank
    """Clips with video; each is the target once an epoch."""
    mouths: list[MouthTrack]
    """Of the faces, in the same order."""
    speech: WaveformBank
    """Sentences without video, as competing voices and as targets by sound alone; there may be none."""
    noise: WaveformBank
    """Noise recordings."""


def load_corpus(
    manifest: Path, crops: Path, *, split: str, sample_rate: int, progress: Progress = lambda items, _: items
) -> Corpus:
    """Read a split's recordings and mouth crops into memory.

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
            chosen, root=data_root(), sample_rate=sample_rate, progress=lambda i: progress(i, f"read {split} {which}")
        )

    faces = bank("faces", [item for item in items if item.video])
    return Corpus(
        faces=faces,
        mouths=[load_mouth(crops / f"{item.id}.npz") for item in faces.items],
        speech=bank("speech", [item for item in items if item.is_speech and not item.video]),
        noise=bank("noise", [item for item in items if not item.is_speech]),
    )
