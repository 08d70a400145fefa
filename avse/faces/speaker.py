"""Which of the faces in a video is the speaker's, at each time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.faces.appearance import Appearance, most_like
from avse.faces.choice import Choice
from avse.faces.crop_file import CropFile
from avse.faces.evidence import STILL_AFTER_S, Evidence, lasting
from avse.faces.layout import arrange
from avse.faces.report import FaceInfo, FaceReport
from avse.faces.scorer import CorrespondenceScorer
from avse.faces.sync import Offset
from avse.faces.who_speaks import NOBODY, UNSURE, Turns, find_turns
from avse.signal.speech_cue import CUE_RATE_HZ

SURELY_NOBODY = 0.95
"""Probability that nobody on screen speaks from which the only face is dropped."""
SMALLEST = 27.0
"""Pixels of the frame's at most 480 lines (`avse.enhance.watch.MAX_HEIGHT`); of a smaller face the lips are not read: a
mouth of 12 pixels is left of them. The cascade gives a face of 20 pixels 26, and finds one in five of them."""
LARGE_ENOUGH = "it must be a sixteenth of the video's height or larger, 30 pixels at least"
RESTING = 0.03
"""Movement up to which a mouth does not speak: in composed videos those who speak have at least 0.08."""


@dataclass(frozen=True)
class Candidate:
    """One person's mouth over a video."""

    crops: npt.NDArray[np.uint8] | CropFile
    """`(n, height, width, 3)` RGB."""
    present: npt.NDArray[np.bool_]
    """`(n,)`."""
    position: npt.NDArray[np.float64]
    """Median left edge, upper edge and size of the face, pixels."""
    boxes: npt.NDArray[np.float32] | None = None
    """`(n, 3)` left edge, upper edge and size at each video frame, pixels; undefined where it is not present."""
    evidence: Evidence | None = None
    """What speaks for it to be a face; None where it is taken for one."""
    appearance: Appearance | None = None
    """What it looks like, where it can be chosen by a photograph."""

    @property
    def centre(self) -> tuple[float, float]:
        """Median column and row, pixels."""
        x, y, size = self.position[:3]
        return float(x + size / 2), float(y + size / 2)


@dataclass(frozen=True)
class People:
    """All people whose faces are in a video, in reading order, and what there is to choose by."""

    faces: tuple[Candidate, ...]
    timestamps_s: npt.NDArray[np.float64]
    """`(n,)` of the video frames."""
    frame_size: tuple[int, int]
    """Width and height that the boxes are measured in, pixels."""
    n_stills: int = 0
    """Faces skipped since nothing ever moves in them."""
    n_small: int = 0
    """Faces skipped since they are smaller than `SMALLEST`."""
    turns: Turns | None = None
    """Who speaks when; None without audio."""
    offset_s: float = 0.0
    """How late the video comes after the audio."""
    offsets: tuple[Offset, ...] = ()
    """The same as each face tells it, where that was measured (`avse.enhance.sync.with_offsets`)."""

    def with_turns(self, scorer: CorrespondenceScorer) -> "People":
        """The same people with who of them speaks when; the scorer has taken all of the audio."""
        if not self.faces:
            return self
        evidence = scorer.evidence(self.faces, timestamps_s=self.timestamps_s - self.offset_s)
        return replace(self, turns=find_turns(evidence, scorer.turns))

    def speaks(self, row: int, time_s: float) -> bool:
        """True if a face speaks at a time of the video; `row` counts from 0."""
        if self.turns is None or not len(self.turns.speaker):
            return False
        frame = round((time_s - self.offset_s) * CUE_RATE_HZ)
        return 0 <= frame < len(self.turns.speaker) and int(self.turns.speaker[frame]) == row

    def infos(self) -> tuple[FaceInfo, ...]:
        """What is reported of each."""
        width, height = self.frame_size
        cells = arrange([(*face.centre, float(face.position[2])) for face in self.faces])
        late_s = [offset.offset_s if offset.is_confident else None for offset in self.offsets]
        late_ms = [None if s is None else float(round(1000 * s)) for s in late_s] or [None] * len(self.faces)
        return tuple(
            FaceInfo(
                index=row + 1,
                position=cell.position,
                x=face.centre[0] / width,
                y=face.centre[1] / height,
                width=float(face.position[2]) / width,
                seen_share=float(np.mean(face.present)) if len(face.present) else 0.0,
                speaking_share=self.turns.share(row) if self.turns else None,
                confidence=face.evidence.confidence if face.evidence else 1.0,
                offset_ms=late_ms[row],
                evidence=face.evidence,
            )
            for row, (face, cell) in enumerate(zip(self.faces, cells, strict=True))
        )


@dataclass(frozen=True)
class Selection:
    """Whose mouth is shown at each video frame."""

    face: npt.NDArray[np.int64]
    """`(n,)` index into the faces, -1 where nobody's is."""
    report: FaceReport


def people_of(
    candidates: Sequence[Candidate], *, timestamps_s: npt.NDArray[np.float64], frame_size: tuple[int, int]
) -> People:
    """Keep the tracks that are living faces, and put them in reading order; times are `(video frames,)` s."""
    evident = [face.evidence for face in candidates if face.evidence is not None]
    kept = iter(lasting(evident))
    faces = [face for face in candidates if face.evidence is None or next(kept)]
    large = [face for face in faces if face.evidence is None or face.position[2] >= SMALLEST]
    moving = [face for face in large if face.evidence is None or not face.evidence.is_still]
    cells = arrange([(*face.centre, float(face.position[2])) for face in moving])
    order = sorted(range(len(moving)), key=lambda i: cells[i][:2])
    n_stills, n_small = len(large) - len(moving), len(faces) - len(large)
    return People(tuple(moving[i] for i in order), timestamps_s, frame_size, n_stills=n_stills, n_small=n_small)


def choose(people: People, choice: Choice, *, photograph: Appearance | None = None) -> Selection:
    """Choose the speaker.

    Args:
        people: with their turns, for `auto`; without turns `auto` takes the largest face.
        choice: what the user asked for.
        photograph: what the person looks like, where that is the choice.

    Raises:
        InputError: there is no such face.
    """
    n_frames, infos = len(people.timestamps_s), people.infos()
    if not people.faces:
        return Selection(np.full(n_frames, -1), _nobody(people, f"none: {_why_none(people)}"))
    if choice.kind == "auto" and people.turns is not None:
        return _by_turns(people, people.turns) if len(people.faces) > 1 else _only_one(people, people.turns)
    row, reason = _one(people, choice, photograph)
    face = np.where(people.faces[row].present, row, -1)
    return _selected(people, face, row, f"{_name(infos, row)}: {reason}")


def _only_one(people: People, turns: Turns) -> Selection:
    """The only face, but where it is sure that the voice is of somebody unseen: there is nobody to confuse it with."""
    frames = _frames_of(people, turns)
    nobody = turns.probability[0, frames] >= SURELY_NOBODY if len(turns.speaker) else np.zeros(len(frames), bool)
    face = np.where(people.faces[0].present & ~nobody, 0, -1)
    if people.faces[0].present.any() and not (face >= 0).any():
        return Selection(face, _nobody(people, "none of 1 face: nobody on screen speaks", turns))
    row, reason = _one(people, Choice("auto"), None)
    return _selected(people, face, row, f"{_name(people.infos(), row)}: {reason}", turns)


def _speaker_at(people: People, turns: Turns) -> npt.NDArray[np.int64]:
    """Who speaks at each video frame: index of a face, `NOBODY` or `UNSURE`."""
    if not len(turns.speaker):
        return np.full(len(people.timestamps_s), UNSURE)
    return np.asarray(turns.speaker[_frames_of(people, turns)], dtype=np.int64)


def _frames_of(people: People, turns: Turns) -> npt.NDArray[np.int64]:
    """The frame of the turns at each video frame."""
    at = np.round((people.timestamps_s - people.offset_s) * CUE_RATE_HZ).astype(np.int64)
    return np.clip(at, 0, max(0, len(turns.speaker) - 1))


def _by_turns(people: People, turns: Turns) -> Selection:
    """The face that speaks at each time, where that is sure."""
    infos = people.infos()
    speaker = _speaker_at(people, turns)
    seen = np.stack([face.present for face in people.faces])
    face = np.where((speaker >= 0) & seen[np.maximum(speaker, 0), np.arange(len(speaker))], speaker, -1)
    # A frame without mouth between two people, so that the second fades in after the first.
    face[1:][(face[1:] != face[:-1]) & (face[1:] >= 0) & (face[:-1] >= 0)] = -1
    shares = [turns.share(row) for row in range(len(people.faces))]
    speaking = [row for row, share in enumerate(shares) if share > 0]
    if not speaking:
        unsure = turns.share(UNSURE) > turns.share(NOBODY)
        why = "not sure whose voice it is" if unsure else "nobody on screen speaks"
        return Selection(face, _nobody(people, f"none of {len(infos)} faces: {why}", turns))
    first = int(np.argmax(shares))
    if len(speaking) == 1:
        words = f"{_name(infos, first)}: its mouth moves with the audio"
    else:
        each = ", ".join(f"{infos[row].index} for {100 * shares[row]:.0f} %" for row in speaking)
        words = f"faces in turn, {each} of the time"
    return _selected(people, face, first, words, turns)


def _one(people: People, choice: Choice, photograph: Appearance | None) -> tuple[int, str]:
    """Index of the one face that is meant, and why."""
    faces = people.faces
    if choice.kind in ("auto", "largest"):
        row = int(np.argmax([face.position[2] for face in faces]))
        if choice.kind == "largest" or len(faces) > 1:
            return row, "the largest"
        return row, "the only one, though its mouth hardly moves" if _rests(faces[row]) else "the only one"
    if choice.kind == "side":
        return _at_side(people, choice.side), f"the one at the {choice.side}"
    if choice.kind == "point":
        return _at_point(people, choice.point), "the one at the point asked for"
    if choice.kind == "photograph":
        if photograph is None:
            raise InputError("a photograph must be read before a face can be chosen by it but was not; read it")
        return most_like([face.appearance for face in faces], photograph)
    if not 1 <= choice.number <= len(faces):
        raise InputError(
            f"speaker must be 1 to {len(faces)}, the faces found, but is {choice.number}; see them with avse-faces"
        )
    return choice.number - 1, "the number asked for"


def _rests(face: Candidate) -> bool:
    """True for a mouth that is covered, masked or closed all the time."""
    seen = face.evidence
    return seen is not None and seen.seen_s >= STILL_AFTER_S and seen.mouth_movement <= RESTING


def _at_side(people: People, side: str) -> int:
    """The face farthest to a side, or nearest to a corner."""
    width, height = people.frame_size
    towards = np.array([("right" in side) - ("left" in side), ("bottom" in side) - ("top" in side)], dtype=float)
    centres = np.array([face.centre for face in people.faces]) / (width, height)
    return int(np.argmax(centres @ towards))


def _at_point(people: People, point: tuple[float, float]) -> int:
    """The face nearest to a point, which must be on it or close to it."""
    width, height = people.frame_size
    away = np.array([face.centre for face in people.faces]) - np.array(point) * (width, height)
    distances = np.hypot(*away.T)
    row = int(np.argmin(distances))
    if distances[row] > people.faces[row].position[2]:
        where = "; ".join(f"{info.index} at {info.x:.2f},{info.y:.2f}" for info in people.infos())
        raise InputError(
            f"speaker must be at a face but {point[0]:g},{point[1]:g} is at none; there are {where}; choose one of them"
        )
    return row


def _selected(
    people: People, face: npt.NDArray[np.int64], row: int, words: str, turns: Turns | None = None
) -> Selection:
    infos = people.infos()
    report = FaceReport(
        n_faces=len(infos),
        face_fraction=float(np.mean(face >= 0)) if len(face) else 0.0,
        chosen=words,
        faces=infos,
        chosen_index=row + 1,
        spans=tuple(turns.spans()) if turns else (),
        n_stills=people.n_stills,
    )
    return Selection(face, report)


def _nobody(people: People, words: str, turns: Turns | None = None) -> FaceReport:
    spans = tuple(turns.spans()) if turns else ()
    return FaceReport(len(people.faces), 0.0, words, people.infos(), None, spans, people.n_stills)


def _why_none(people: People) -> str:
    if people.n_stills:
        return "no face moves; photographs, posters and frozen video say nothing"
    if people.n_small:
        return f"no face is large enough for its lips to be read; {LARGE_ENOUGH}"
    return f"no face was found; a face must look to the camera; {LARGE_ENOUGH}"


def _name(infos: Sequence[FaceInfo], row: int) -> str:
    position = f", {infos[row].position}" if infos[row].position else ""
    return f"face {infos[row].index} of {len(infos)}{position}"
