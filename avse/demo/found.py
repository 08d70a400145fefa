"""What is found in an upload before it is enhanced: its audio, its faces, and how they look."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avse.demo.upload import Upload, check_duration
from avse.enhance.watch import MAX_HEIGHT, Listened, Progress, View, listen, people_in_view
from avse.faces.contact_sheet import ContactSheet, with_boxes
from avse.faces.detect import FaceDetector
from avse.faces.report import FaceInfo
from avse.faces.speaker import People
from avse.media.video import VideoReader
from avse.types import Image

AUTO, EACH, AUDIO_ONLY = "auto", "each", "audio-only"
"""Choices beside a face's number."""


@dataclass(frozen=True)
class Found:
    """An upload, ready to be enhanced for any of its faces."""

    upload: Upload
    listened: Listened
    people: People | None
    """None where there is no video."""
    overview: Image | None
    """The video frame with the most faces, numbered boxes around them, `(height, width, 3)` RGB."""
    thumbnails: tuple[tuple[Image, str], ...]
    """Each face and what it is called, in the order of their numbers."""
    warnings: tuple[str, ...]

    def choices(self) -> list[tuple[str, str]]:
        """What a user may choose: label and value."""
        choices = [("automatic: whose mouth moves with the audio", AUTO)] if self.thumbnails else []
        choices += [(label, str(number + 1)) for number, (_, label) in enumerate(self.thumbnails)]
        if len(self.thumbnails) > 1:
            choices.append(("each: a file for every face that speaks", EACH))
        return [*choices, ("audio-only: do not use the video", AUDIO_ONLY)]

    def face_at(self, x: float, y: float) -> str | None:
        """The number of the face nearest to a point of the overview, in its pixels; None where there is no face."""
        if self.people is None or not self.people.faces:
            return None
        centres = np.array([face.centre for face in self.people.faces])
        return str(int(np.argmin(np.hypot(centres[:, 0] - x, centres[:, 1] - y))) + 1)


def find(
    upload: Upload,
    *,
    crop_size: tuple[int, int],
    detector: FaceDetector | None,
    progress: Progress,
    max_duration_s: float,
) -> Found:
    """Listen to an upload and find its faces.

    Args:
        upload: the recording.
        crop_size: height and width of the model's mouth crops, pixels.
        detector: finds faces in an image.
        progress: as of `avse.enhance.watch.people_in_view`.
        max_duration_s: longer recordings are refused.

    Raises:
        MediaError: a file cannot be read.
        InputError: it is too long.
    """
    listened = listen(upload.audio)
    check_duration(upload.audio, listened.duration_s, max_duration_s=max_duration_s)
    if upload.video is None:
        return Found(upload, listened, None, None, (), listened.warnings)
    view = View(upload.video, crop_size, detector=detector)
    people, warnings = people_in_view(view, listened, progress=progress)
    overview, thumbnails = _images(upload.video, people)
    return Found(upload, listened, people, overview, thumbnails, (*listened.warnings, *warnings))


def _images(video: Path, people: People) -> tuple[Image | None, tuple[tuple[Image, str], ...]]:
    """The overview and the thumbnails, in one more decoding up to where all were seen."""
    sheet, overview = ContactSheet(people), None
    n_seen = sum(face.present.astype(int) for face in people.faces)
    best_s = float(people.timestamps_s[int(np.argmax(n_seen))])
    with VideoReader(video, max_height=MAX_HEIGHT) as reader:
        for frame in reader.frames():
            sheet.push(frame.time_s, frame.image)
            if overview is None and frame.time_s >= best_s:
                overview = with_boxes(frame, people)
            if overview is not None and sheet.is_complete:
                break
    infos = people.infos()
    is_sure = any(info.speaking_share for info in infos)
    return overview, tuple(
        (sheet.tiles[info.index - 1], _label(info, is_sure=is_sure)) for info in infos if info.index - 1 in sheet.tiles
    )


def _label(info: FaceInfo, *, is_sure: bool) -> str:
    """What a face is called; how much it speaks only where anybody is found to speak."""
    speaks = f", speaks {100 * info.speaking_share:.0f} %" if is_sure and info.speaking_share is not None else ""
    return f"face {info.index}{f', {info.position}' if info.position else ''}{speaks}"
