"""How a face moves from one video frame to the next."""

import cv2
import numpy as np

from avse.faces.detect import Box
from avse.types import Grey


def median_flow(last: Grey, grey: Grey, box: Box) -> tuple[float, float]:
    """Median movement of a grid of points on a face, in pixels (Lucas-Kanade; after Kalal et al. 2010).

    Args:
        last: `(height, width)`, the frame before.
        grey: `(height, width)`.
        box: of the face in `last`.
    """
    steps = np.linspace(0.2, 0.8, 6) * box.size
    points = np.stack(np.meshgrid(box.x + steps, box.y + steps), axis=-1).reshape(-1, 1, 2).astype(np.float32)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(last, grey, points, None, winSize=(15, 15), maxLevel=2)
    if moved is None or not found.any():
        return 0.0, 0.0
    shift = np.median((moved - points)[found.astype(bool).ravel()].reshape(-1, 2), axis=0)
    return float(shift[0]), float(shift[1])


def change(last: Grey, before: Box, grey: Grey, after: Box) -> float:
    """Mean difference, of 255, between the middle of a face in one frame `(height, width)` and in the next."""
    return float(np.mean(cv2.absdiff(_middle(last, before), _middle(grey, after))))


def _middle(grey: Grey, box: Box) -> Grey:
    size = max(4, round(box.size * 0.7))
    patch = cv2.getRectSubPix(grey, (size, size), box.centre)
    small: Grey = cv2.resize(patch, (16, 16), interpolation=cv2.INTER_AREA)
    return small
