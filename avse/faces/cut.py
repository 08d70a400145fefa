"""Cuts: where a video changes from one shot to the next."""

from collections import deque

import cv2
import numpy as np

from avse.types import FloatArray, Image

SMALL = (48, 27)
"""Width and height that frames are compared at, pixels."""
MIN_CHANGE = 12.0
"""Least mean difference (of 255) between the frames at a cut."""
MIN_RATIO = 4.0
"""Least ratio of that difference to the mean one of the frames before: moving cameras change all the time."""
N_BEFORE = 8
"""Frames that the ratio is taken over."""


class CutDetector:
    """Compares each frame with the one before (the adaptive rule of PySceneDetect, with past frames only)."""

    def __init__(self) -> None:
        """Begin a video."""
        self._last: FloatArray | None = None
        self._changes: deque[float] = deque(maxlen=N_BEFORE)
        self.before: FloatArray | None = None
        """The frame before the newest one, small."""

    def push(self, grey: Image) -> bool:
        """Take the next frame, `(height, width)`, of any size; True if a new shot begins with it."""
        small = cv2.resize(grey, SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self.before, self._last = self._last, self._last, small
        if last is None:
            return False
        change = float(np.abs(small - last).mean())
        usual = max(1.0, float(np.mean(self._changes))) if self._changes else 1.0
        is_cut = change >= MIN_CHANGE and change >= MIN_RATIO * usual
        if is_cut:
            self._changes.clear()
        else:
            self._changes.append(change)
        return is_cut

    def likeness(self, earlier: FloatArray) -> float:
        """Correlation of an earlier frame `(pixels,)` and the newest one, -1 to 1: high where the scene is the same."""
        if self._last is None:
            return 0.0
        first, second = earlier - earlier.mean(), self._last - self._last.mean()
        return float((first * second).sum() / max(1e-9, np.linalg.norm(first) * np.linalg.norm(second)))
