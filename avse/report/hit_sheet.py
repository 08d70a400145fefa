"""A contact sheet of the clips that a search found: a frame from the middle of each, with its rank, cosine and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from avse.errors import AvseError
from avse.media.video import VideoReader
from avse.types import Image

WIDTH, HEIGHT, TEXT = 240, 180, 44
"""Of a tile's frame and of the words under it, pixels."""
COLUMNS = 4
GROUND, WORDS = (32, 32, 32), (235, 235, 235)
"""RGB."""


@dataclass(frozen=True)
class Hit:
    """A clip that was found."""

    path: Path
    """Of its video file."""
    start_s: float
    end_s: float
    cosine: float
    """Of its vector with the query's, -1 to 1."""


def hit_sheet(hits: Sequence[Hit]) -> Image:
    """Draw the sheet, best first; a file that cannot be read any more has an empty tile.

    Args:
        hits: in the order of the ranks.

    Returns:
        `(height, width, 3)` RGB.
    """
    n_columns = max(1, min(COLUMNS, len(hits)))
    n_rows = max(1, -(-len(hits) // n_columns))
    sheet = np.full((n_rows * (HEIGHT + TEXT), n_columns * WIDTH, 3), GROUND, np.uint8)
    for rank, hit in enumerate(hits):
        top, left = rank // n_columns * (HEIGHT + TEXT), rank % n_columns * WIDTH
        frame = _frame(hit)
        words = [f"{rank + 1}  {hit.cosine:.3f}  {hit.start_s:.1f}-{hit.end_s:.1f} s", hit.path.name[-30:]]
        if frame is None:
            words[1] = f"cannot be read: {words[1]}"[:34]
        else:
            sheet[top : top + HEIGHT, left : left + WIDTH] = _fitted(frame)
        for line, text in enumerate(words):
            where = (left + 6, top + HEIGHT + 17 + 19 * line)
            cv2.putText(sheet, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.42, WORDS, 1, cv2.LINE_AA)
    return sheet


def _frame(hit: Hit) -> Image | None:
    """The video frame shown in the middle of a clip; None where the file is gone or damaged."""
    middle_s = (hit.start_s + hit.end_s) / 2
    shown = None
    try:
        with VideoReader(hit.path, max_height=HEIGHT) as reader:
            for frame in reader.frames():
                if shown is not None and frame.time_s > middle_s:
                    break
                shown = frame.image
    except AvseError:
        return None
    return shown


def _fitted(image: Image) -> Image:
    """The image as large as fits into a tile, in its middle."""
    scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    width, height = max(1, int(image.shape[1] * scale)), max(1, int(image.shape[0] * scale))
    tile = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8)
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    small = cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=cv2.INTER_AREA)
    tile[top : top + height, left : left + width] = small
    return tile
