"""How late a file's video comes after its audio, by the faces in it."""

from dataclasses import dataclass, replace

import numpy as np

from avse.errors import InputError
from avse.faces.lip_scorer import LipScorer
from avse.faces.scorer import CorrespondenceScorer
from avse.faces.speaker import People
from avse.faces.sync import Offset, find_offset
from avse.faces.who_speaks import find_turns

AGREE_S = 0.08
"""Two faces that are both confident must agree within this, or neither is believed."""


@dataclass(frozen=True)
class Sync:
    """The offset of a video, and whose mouth it was found by."""

    offset: Offset
    face: int | None
    """Index of the face, from 0; None where no face was seen for long enough."""
    each: tuple[Offset, ...]
    """By each face alone."""


def measure_offset(people: People, scorer: CorrespondenceScorer, *, face: int | None = None) -> Sync:
    """Measure how late a video comes after its audio.

    Args:
        people: whose faces are in it.
        scorer: has taken all of the audio.
        face: index of the one face to go by; None takes the one that is found with most confidence.

    Raises:
        InputError: the scorer is another than the lip network's, which knows no offsets.
    """
    if not isinstance(scorer, LipScorer):
        raise InputError("the offset needs the lip network but another scorer listened; give the offset as a number")
    mouths = [scorer.read(one, timestamps_s=people.timestamps_s) for one in people.faces]
    return choose_offset([find_offset(mouth.embedding, scorer.audio) for mouth in mouths], face=face)


def with_offsets(people: People, scorer: CorrespondenceScorer) -> People:
    """The same people with how late the video comes by each face; arguments as of `measure_offset`."""
    return replace(people, offsets=measure_offset(people, scorer).each)


def choose_offset(each: list[Offset], *, face: int | None = None) -> Sync:
    """The offset of a video from those of its faces.

    Args:
        each: of every face.
        face: index of the one to go by; None for the most confident.
    """
    if not each:
        return Sync(Offset(None, 0.0), None, ())
    row = int(np.argmax([offset.confidence for offset in each])) if face is None else face
    best = each[row]
    if best.offset_s is None:
        return Sync(best, None, tuple(each))
    found = [offset.offset_s for offset in each if offset.is_confident and offset.offset_s is not None]
    if face is None and found and max(found) - min(found) > AGREE_S:
        # Only one of them can be right; the evidence does not say which.
        best = replace(best, confidence=1 / len(found))
    return Sync(best, row, tuple(each))


def in_sync(people: People, scorer: CorrespondenceScorer) -> tuple[People, str]:
    """Move a video to where it belongs, if that is known with confidence.

    Args:
        people: whose faces are in it, timed as the file says.
        scorer: has taken all of the audio.

    Returns:
        The people, timed from the audio that they belong to, and what was found, in words.
    """
    sync = measure_offset(people, scorer)
    offset = sync.offset
    if not offset.is_confident or offset.offset_s is None:
        return people, f"{offset.in_words()} (confidence {offset.confidence:.2f}): too unsure, no offset is used"
    times_s = people.timestamps_s - offset.offset_s
    turns = find_turns(scorer.evidence(people.faces, timestamps_s=times_s))
    return replace(people, timestamps_s=times_s, turns=turns), f"{offset.in_words()}: corrected"
