"""What may be wrong with a video, to measure what it costs: none, frozen, late, of somebody else, covered."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from avse.data.manifest import Item, Mixture
from avse.faces.mouth import MouthTrack

LATE_S = 0.2
COVERED_S = (1.0, 2.0)
"""From when to when the mouth is covered, seconds."""

Load = Callable[[str], MouthTrack]


def condition_of(mixture: Mixture, kind: str, *, load: Load, items: Sequence[Item]) -> MouthTrack:
    """The mouth that is shown with a mixture.

    Args:
        mixture: one of the fixed ones.
        kind: one of `KINDS`.
        load: the mouth of a clip by its id.
        items: all recordings, in a fixed order.
    """
    return KINDS[kind](mixture, load, items)


def _own(mixture: Mixture, load: Load, items: Sequence[Item]) -> MouthTrack:
    return load(mixture.clip)


def _none(mixture: Mixture, load: Load, items: Sequence[Item]) -> MouthTrack:
    mouth = load(mixture.clip)
    return replace(mouth, present=np.zeros_like(mouth.present))


def _frozen(mixture: Mixture, load: Load, items: Sequence[Item]) -> MouthTrack:
    mouth = load(mixture.clip)
    first = mouth.crops[int(np.argmax(mouth.present))]
    return replace(mouth, crops=np.repeat(first[None], len(mouth.crops), axis=0))


def late(mouth: MouthTrack) -> MouthTrack:
    """A mouth whose video frames come `LATE_S` after the audio."""
    return replace(mouth, timestamps_s=mouth.timestamps_s + LATE_S)


def _late(mixture: Mixture, load: Load, items: Sequence[Item]) -> MouthTrack:
    return late(load(mixture.clip))


def _stranger(mixture: Mixture, load: Load, items: Sequence[Item]) -> MouthTrack:
    """Of another person of the tests, of the same split if there is one, each in turn."""
    clips = [item for item in items if item.video and item.split.startswith("test")]
    own = next(item for item in clips if item.id == mixture.clip)
    others = [item for item in clips if item.speaker != own.speaker]
    # In a corpus of one person somebody else's mouth is at least one that says something else.
    others = others or [item for item in clips if item.id != own.id] or clips
    near = [item for item in others if item.split == own.split] or others
    return load(near[clips.index(own) % len(near)].id)


def _covered(mixture: Mixture, load: Load, items: Sequence[Item]) -> MouthTrack:
    mouth = load(mixture.clip)
    crops = mouth.crops[:].copy()
    crops[(mouth.timestamps_s >= COVERED_S[0]) & (mouth.timestamps_s < COVERED_S[1])] = 128
    return replace(mouth, crops=crops)


def _rival(mixture: Mixture, load: Load, items: Sequence[Item]) -> MouthTrack:
    """Of the competing sentence, where that has a video; else of the speaker."""
    rivals = [cut.clip for cut in mixture.noise if cut.clip is not None]
    return load(rivals[0] if rivals else mixture.clip)


KINDS = {
    "own": _own,
    "none": _none,
    "frozen": _frozen,
    "late": _late,
    "stranger": _stranger,
    "covered": _covered,
    "rival": _rival,
}
