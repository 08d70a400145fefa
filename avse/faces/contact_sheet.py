"""Images for people to check: a contact sheet of the faces found, and boxes drawn over a video."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from avse.errors import MediaError
from avse.faces.appearance import face_patch
from avse.faces.detect import Box
from avse.faces.people import TimedImage
from avse.faces.report import FaceInfo
from avse.faces.speaker import People
from avse.media.output import atomic_write
from avse.media.video import VideoWriter
from avse.types import Image

TILE = 160
"""Side of a face on the contact sheet, pixels."""
TEXT = 44
"""Height of the words under it, pixels."""
COLUMNS = 6
WIDER = 1.6
"""A face is shown with its surroundings: side of what is cut out, in sizes of its box."""
COLOURS = ((255, 200, 0), (0, 200, 255), (0, 230, 90), (255, 90, 200), (255, 120, 40), (150, 130, 255))
"""RGB of the boxes, by turns."""


class ContactSheet:
    """Collects, from the frames of a second pass, each face where it is largest."""

    def __init__(self, people: People) -> None:
        """Begin; `people` as found in the first pass."""
        self._people = people
        self._tiles: dict[int, Image] = {}
        self._wanted: dict[float, list[int]] = {}
        for row, face in enumerate(people.faces):
            if face.boxes is not None and face.present.any():
                largest = int(np.argmax(np.where(face.present, face.boxes[:, 2], -1)))
                self._wanted.setdefault(float(people.timestamps_s[largest]), []).append(row)

    def push(self, time_s: float, image: Image) -> None:
        """Take a frame, `(height, width, 3)` RGB."""
        for row in self._wanted.pop(time_s, []):
            box = _box(self._people, row, time_s)
            if box is not None:
                wide = Box(box.centre[0] - WIDER * box.size / 2, box.centre[1] - WIDER * box.size / 2, WIDER * box.size)
                self._tiles[row] = face_patch(image, wide, side=TILE)

    @property
    def tiles(self) -> dict[int, Image]:
        """Faces taken so far, `(TILE, TILE, 3)` RGB each, by their row in the people."""
        return self._tiles

    @property
    def is_complete(self) -> bool:
        """True when no later frame can add a face."""
        return not self._wanted

    def draw(self) -> Image:
        """The sheet, `(height, width, 3)` RGB; one empty tile where there is no face."""
        infos = self._people.infos()
        n = max(1, len(infos))
        n_columns = min(COLUMNS, n)
        n_rows = -(-n // n_columns)
        sheet = np.full((n_rows * (TILE + TEXT), n_columns * TILE, 3), 32, np.uint8)
        for row, info in enumerate(infos):
            top, left = (row // n_columns) * (TILE + TEXT), (row % n_columns) * TILE
            if row in self._tiles:
                sheet[top : top + TILE, left : left + TILE] = self._tiles[row]
            for line, words in enumerate(_words(info)):
                where = (left + 6, top + TILE + 17 + 19 * line)
                cv2.putText(sheet, words, where, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (235, 235, 235), 1, cv2.LINE_AA)
        return sheet


def write_image(path: Path, image: Image, *, force: bool = False) -> None:
    """Write a still image atomically.

    Args:
        path: ends in `.png` or another suffix that OpenCV writes.
        image: `(height, width, 3)` RGB.
        force: replace a file that exists.

    Raises:
        MediaError: it exists, cannot be written, or is no such format.
    """
    with atomic_write(path, force=force) as temporary:
        try:
            ok, encoded = cv2.imencode(path.suffix or ".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        except cv2.error:
            ok = False
        if not ok:
            raise MediaError(f"image {path} must end in .png, .jpg or another image's suffix but does not; rename it")
        temporary.write_bytes(encoded.tobytes())


def write_preview(path: Path, frames: Iterable[TimedImage], people: People, *, fps: float, force: bool = False) -> None:
    """Write a silent video with a box and an index at each face, thicker where it speaks.

    Args:
        path: video file to write.
        frames: of the video that the people were found in, again.
        people: found in it.
        fps: video frames per second to write.
        force: replace a file that exists.

    Raises:
        MediaError: it cannot be written.
    """
    width, height = people.frame_size
    with VideoWriter(path, fps=fps, width=width, height=height, force=force) as writer:
        for frame in frames:
            writer.write(with_boxes(frame, people))


def with_boxes(frame: TimedImage, people: People) -> Image:
    """A video frame with a box and an index at each face, thicker where it speaks, `(height, width, 3)` RGB."""
    image = np.ascontiguousarray(frame.image)
    for row in range(len(people.faces)):
        box = _box(people, row, frame.time_s)
        if box is not None:
            draw_face(image, box, row, speaks=people.speaks(row, frame.time_s))
    return image


def draw_face(image: Image, box: Box, row: int, *, speaks: bool) -> None:
    """Draw a face's box and index over a frame, thicker where it speaks.

    Args:
        image: `(height, width, 3)` RGB, changed in place.
        box: of the face.
        row: index of the face, from 0.
        speaks: whether it does.
    """
    colour, corner = COLOURS[row % len(COLOURS)], (int(box.x), int(box.y))
    far = (int(box.x + box.size), int(box.y + box.size))
    cv2.rectangle(image, corner, far, colour, 4 if speaks else 1)
    name = f"face {row + 1}{' speaks' if speaks else ''}"
    cv2.putText(image, name, (corner[0], corner[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def _box(people: People, row: int, time_s: float) -> Box | None:
    """Where a face is at the time of a video frame."""
    face = people.faces[row]
    frame = int(np.searchsorted(people.timestamps_s, time_s - 1e-6))
    if face.boxes is None or frame >= len(face.present) or not face.present[frame]:
        return None
    return Box(*(float(v) for v in face.boxes[frame]))


def _words(info: FaceInfo) -> tuple[str, str]:
    speaks = "" if info.speaking_share is None else f", speaks {100 * info.speaking_share:.0f} %"
    return f"{info.index} {info.position}", f"seen {100 * info.seen_share:.0f} %{speaks}"
