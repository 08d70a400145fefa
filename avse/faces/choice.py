"""What a user may say of whose voice to keep: `auto`, a number, a position, a point, or a photograph."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from avse.errors import InputError
from avse.faces.appearance import Appearance, describe
from avse.faces.detect import CascadeDetector, FaceDetector

SIDES = ("left", "right", "top", "bottom")
CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")
PHOTOGRAPHS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Suffixes of still images."""
PHOTOGRAPH_SIZE = 640
"""Pixels; a larger photograph is shrunk until its shorter side is of this size."""
FORMS = f"auto, largest, {', '.join(SIDES + CORNERS)}, a number, x,y (shares of the frame), or a photograph"


@dataclass(frozen=True)
class Choice:
    """Whose voice to keep, read from what the user wrote."""

    kind: str
    """`auto`, `largest`, `side`, `number`, `point` or `photograph`."""
    side: str = ""
    number: int = 0
    point: tuple[float, float] = (0.0, 0.0)
    """Shares of the frame's width and height."""
    photograph: Path | None = None


def names_photograph(speaker: str) -> bool:
    """True if what the user wrote is the name of a photograph, whether that is there or not."""
    return Path(speaker).suffix.lower() in PHOTOGRAPHS


def read_choice(speaker: str) -> Choice:
    """Read what the user wrote.

    Raises:
        InputError: it is none of the forms, or a photograph that is not there.
    """
    if speaker in ("auto", "largest"):
        return Choice(speaker)
    if speaker in SIDES + CORNERS:
        return Choice("side", side=speaker)
    if speaker.isascii() and speaker.isdigit():
        return Choice("number", number=int(speaker))
    if names_photograph(speaker):
        if not Path(speaker).is_file():
            raise InputError(f"photograph {speaker} must be a file but is missing; check the name")
        return Choice("photograph", photograph=Path(speaker))
    try:
        x, y = (float(part) for part in speaker.split(","))
    except ValueError:
        raise InputError(f"speaker must be {FORMS} but is {speaker!r}; correct it") from None
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise InputError(
            f"speaker x,y must be shares of the frame, 0 to 1, but is {speaker}; divide pixels by its width and height"
        )
    return Choice("point", point=(x, y))


def read_photograph(path: Path, detector: FaceDetector | None = None) -> Appearance:
    """What the person in a photograph looks like.

    Args:
        path: a still image with one face; of several the largest counts.
        detector: finds the face; the bundled cascade by default.

    Raises:
        InputError: it cannot be read, or shows no face.
    """
    image = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"photograph {path} must be a still image such as JPEG or PNG but is not; save it as one")
    scale = min(1.0, PHOTOGRAPH_SIZE / min(image.shape[:2]))
    size = [max(1, round(n * scale)) for n in image.shape[1::-1]]
    image = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
    boxes = [box for box in (detector or CascadeDetector()).detect(image) if box.confidence >= 0.5]
    if not boxes:
        raise InputError(f"photograph {path} must show a face from the front but none was found; use another one")
    return describe(image, max(boxes, key=lambda box: box.size))
