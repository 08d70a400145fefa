"""The movement of a mouth, freed from what the person looks like; causal, video by video."""

import numpy as np
import numpy.typing as npt

TIME_CONSTANT_FRAMES = 50
"""Video frames over which the mean look is taken: 2 s at 25 a second, longer than any audio of speech."""
MIN_STD = 2.0
"""Least change of the grey value, of 255, that is normalised by: noise of a still image stays small."""
N_CHANNELS = 2


class MouthMotion:
    """Turns video frames into how they differ from the mean look so far, and from the frame before.

    Both are divided by how much the mouth has moved so far, so that contrast and light do not matter.
    """

    def __init__(self, crop_size: tuple[int, int]) -> None:
        """Set up; `crop_size` is height and width in pixels."""
        self._mean = np.zeros(crop_size, dtype=np.float32)
        self._before = np.zeros(crop_size, dtype=np.float32)
        self._variance = 0.0
        self._n_seen = 0

    def push(self, crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Take the next video frame.

        Args:
            crop: `(height, width, 3)` RGB.

        Returns:
            `(2, height, width)`, about -3 to 3; all 0 for the first video frame.
        """
        grey = crop.astype(np.float32).mean(axis=2)
        if self._n_seen == 0:
            self._mean, self._before = grey, grey
        self._n_seen += 1
        share = max(1 / self._n_seen, 1 / TIME_CONSTANT_FRAMES)
        self._mean = self._mean + share * (grey - self._mean)
        deviation, change = grey - self._mean, grey - self._before
        self._variance += share * (float(np.mean(deviation**2)) - self._variance)
        self._before = grey
        scale = np.float32(1 / max(self._variance**0.5, MIN_STD))
        return np.stack([deviation, change]) * scale


def motion_of(
    crops: npt.NDArray[np.uint8], present: npt.NDArray[np.bool_], motion: MouthMotion | None = None
) -> npt.NDArray[np.float32]:
    """The movement of a run of video frames, 0 where there is none.

    Args:
        crops: `(n, height, width, 3)` RGB.
        present: `(n,)`.
        motion: what was seen before; nothing by default.

    Returns:
        `(n, 2, height, width)`.
    """
    motion = motion or MouthMotion(crops.shape[1:3])
    moved = np.zeros((len(crops), N_CHANNELS, *crops.shape[1:3]), dtype=np.float32)
    for number in np.flatnonzero(present):
        moved[number] = motion.push(crops[number])
    return moved


def motion_of_many(greys: npt.NDArray[np.uint8], present: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """`motion_of` several mouths at once, as training needs it.

    Args:
        greys: `(batch, n, height, width)`, the mean of the colours.
        present: `(batch, n)`.

    Returns:
        `(batch, n, 2, height, width)`.
    """
    n_batch, n_frames, height, width = greys.shape
    motion = np.zeros((n_batch, n_frames, N_CHANNELS, height, width), dtype=np.float32)
    mean = np.zeros((n_batch, height, width), dtype=np.float32)
    before = mean.copy()
    variance, n_seen = np.zeros(n_batch), np.zeros(n_batch, dtype=int)
    for frame in range(n_frames):
        rows = np.flatnonzero(present[:, frame])
        grey = greys[rows, frame].astype(np.float32)
        first = rows[n_seen[rows] == 0]
        mean[first] = before[first] = greys[first, frame]
        n_seen[rows] += 1
        share = np.maximum(1 / n_seen[rows], 1 / TIME_CONSTANT_FRAMES)
        mean[rows] += share.astype(np.float32)[:, None, None] * (grey - mean[rows])
        deviation = grey - mean[rows]
        variance[rows] += share * (np.square(deviation).mean(axis=(1, 2)) - variance[rows])
        scale = (1 / np.maximum(np.sqrt(variance[rows]), MIN_STD)).astype(np.float32)
        motion[rows, frame, 0] = deviation * scale[:, None, None]
        motion[rows, frame, 1] = (grey - before[rows]) * scale[:, None, None]
        before[rows] = grey
    return motion
