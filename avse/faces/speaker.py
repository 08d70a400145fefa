"""Which of the faces in a film is the speaker's."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.faces.crop_file import CropFile

SEEN_AT_LEAST_S = 0.4
"""Faces seen for less are taken for false ones, unless the film has no other."""
LAGS_S = np.arange(-0.12, 0.13, 0.04)
"""Delays of the sound against the picture that are tried."""
MOST_PICTURES = 3000
"""Pictures that are looked at to choose the speaker; two minutes tell as much as an hour."""
N_SHAPES = 6


@dataclass(frozen=True)
class SoundLevel:
    """How loud the sound is over time, from its first sample."""

    level_db: npt.NDArray[np.float32]
    """`(n,)` dB."""
    rate_hz: float
    """Values a second."""

    def at(self, times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The level at some times, smoothed over 0.1 s; before the start and after the end that of the nearest moment.

        Args:
            times_s: `(n,)` seconds.
        """
        own_times_s = (np.arange(len(self.level_db)) + 0.5) / self.rate_hz
        width = max(1, round(0.1 * self.rate_hz))
        padded = np.pad(self.level_db.astype(np.float64), (width // 2, width - 1 - width // 2), mode="edge")
        return np.interp(times_s, own_times_s, np.convolve(padded, np.full(width, 1 / width), mode="valid"))


@dataclass(frozen=True)
class FaceReport:
    """What was found in a film, to be told to the user."""

    n_faces: int
    """People, not detections."""
    face_fraction: float
    """Share of the pictures with the chosen face, 0 to 1."""
    chosen: str
    """Which one, and why."""


@dataclass(frozen=True)
class Candidate:
    """One person's mouth over a film."""

    crops: npt.NDArray[np.uint8] | CropFile
    """`(n, height, width, 3)` RGB."""
    present: npt.NDArray[np.bool_]
    """`(n,)`."""
    place: npt.NDArray[np.float64]
    """Median left edge, upper edge and size of the face, pixels."""


def check_speaker(speaker: str) -> None:
    """Make sure that a choice of speaker is one.

    Raises:
        InputError: it is not.
    """
    if speaker not in ("auto", "left", "right", "largest") and not (speaker.isascii() and speaker.isdigit()):
        raise InputError(f"speaker must be auto, left, right, largest or a number but is {speaker!r}; correct it")


def choose(
    candidates: list[Candidate],
    *,
    speaker: str,
    timestamps_s: npt.NDArray[np.float64],
    sound_level: SoundLevel | None,
) -> tuple[Candidate | None, FaceReport]:
    """Choose the speaker.

    Args:
        candidates: the faces.
        speaker: as in `avse.faces.mouth.track_mouth`.
        timestamps_s: `(n,)` of the film's pictures.
        sound_level: for `auto`.

    Returns:
        The face, None if there is none at all, and what to tell the user.

    Raises:
        InputError: `speaker` is not a choice, or there are fewer faces.
    """
    check_speaker(speaker)
    faces = sorted(_lasting(candidates, timestamps_s), key=lambda face: face.place[0])
    if not faces:
        return None, FaceReport(0, 0.0, "none: no face was found")
    if speaker == "auto" and (len(faces) == 1 or sound_level is None):
        index, reason = _largest(faces), "the only one" if len(faces) == 1 else "the largest"
    elif speaker == "auto" and sound_level is not None:
        index = int(np.argmax([_moves_with_sound(face, timestamps_s, sound_level) for face in faces]))
        reason = "its mouth moves with the sound"
    elif speaker == "largest":
        index, reason = _largest(faces), "the largest"
    elif speaker in ("left", "right"):
        index, reason = {"left": 0, "right": len(faces) - 1}[speaker], f"the one on the {speaker}"
    else:
        index, reason = int(speaker) - 1, "the number asked for"
        if not 0 <= index < len(faces):
            raise InputError(f"speaker must be 1 to {len(faces)}, the faces found, but is {speaker}; choose another")
    face = faces[index]
    chosen = f"face {index + 1} of {len(faces)} from the left: {reason}"
    return face, FaceReport(len(faces), float(np.mean(face.present)), chosen)


def _lasting(candidates: list[Candidate], timestamps_s: npt.NDArray[np.float64]) -> list[Candidate]:
    if len(timestamps_s) < 2:
        return candidates
    step_s = float(np.median(np.diff(timestamps_s)))
    lasting = [face for face in candidates if np.count_nonzero(face.present) * step_s >= SEEN_AT_LEAST_S]
    return lasting or candidates


def _largest(faces: list[Candidate]) -> int:
    return int(np.argmax([face.place[2] for face in faces]))


def _moves_with_sound(face: Candidate, timestamps_s: npt.NDArray[np.float64], sound_level: SoundLevel) -> float:
    """How well a mouth's movement and shape go with the loudness of the sound, at the best delay; 2 at most.

    The shape is what most of the mouth's change over the film lies in, its first principal components.
    """
    rows = np.flatnonzero(face.present)[:MOST_PICTURES]
    if len(rows) < 10:
        return -1.0
    grey = np.stack([cv2.resize(cv2.cvtColor(face.crops[row], cv2.COLOR_RGB2GRAY), (12, 8)) for row in rows])
    grey = grey.reshape(len(rows), -1).astype(np.float64)
    motion = np.convolve(np.abs(np.gradient(grey, axis=0)).mean(axis=1), np.ones(3) / 3, mode="same")
    shapes = np.linalg.svd(grey - grey.mean(axis=0), full_matrices=False)[0][:, :N_SHAPES]
    scores = []
    for lag_s in LAGS_S:
        # Loudness grows with about the third root of power (Stevens 1955), and noise weighs less than in decibels.
        loudness = 10 ** (0.03 * sound_level.at(timestamps_s[rows] + lag_s))
        shape = np.sqrt(sum(_correlation(one, loudness) ** 2 for one in shapes.T))
        scores.append(_correlation(motion, loudness) + float(shape))
    return max(scores)


def _correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    one, other = one - one.mean(), other - other.mean()
    norm = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / norm) if norm > 0 else 0.0
