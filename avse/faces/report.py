"""What is reported of the faces in a video."""

from dataclasses import dataclass

from avse.faces.evidence import Evidence
from avse.faces.who_speaks import Span


@dataclass(frozen=True)
class FaceInfo:
    """One person's face, as far as a user wants to know."""

    index: int
    """From 1, in reading order: rows from the top, in a row from the left."""
    position: str
    """In words, such as `left` or `bottom right`; empty for the only one."""
    x: float
    """Centre, as a share of the frame's width, 0 to 1; the median over time."""
    y: float
    """Centre, as a share of the frame's height."""
    width: float
    """As a share of the frame's width."""
    seen_share: float
    """Share of the video's frames it is seen in, 0 to 1."""
    speaking_share: float | None
    """Share of the time that its mouth is found to say what is heard, 0 to 1; None without audio."""
    confidence: float
    """That it is a face, 0 to 1."""
    offset_ms: float | None = None
    """How late the video comes after the audio by this face, milliseconds; None where that is not certain."""
    evidence: Evidence | None = None
    """What speaks for the track."""


@dataclass(frozen=True)
class FaceReport:
    """What was found in a video, to be reported to the user."""

    n_faces: int
    """People, not detections."""
    face_fraction: float
    """Share of the video frames with a chosen face, 0 to 1."""
    chosen: str
    """Which face, and why."""
    faces: tuple[FaceInfo, ...] = ()
    """All of them, in order of their index."""
    chosen_index: int | None = None
    """Index of the face whose voice is kept, the most of the time if several speak in turn; None if nobody's."""
    spans: tuple[Span, ...] = ()
    """Who speaks when, where that was found out; a span's `face` counts from 0."""
    n_stills: int = 0
    """Faces in which nothing ever moves, as in photographs, posters or frozen video: not among the others."""
