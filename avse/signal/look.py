"""What a face looks like in each video frame, freed from light and contrast: a still expression does not move."""

import numpy as np
import numpy.typing as npt

MIN_STD = 4.0
"""Least standard deviation of the grey values, of 255, that is divided by: a dark frame's noise stays small."""


def look_of(crops: npt.NDArray[np.uint8], present: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Grey values of each frame at mean 0 and standard deviation 1, and how they differ from the frame before.

    Args:
        crops: `(n, height, width, 3)` RGB.
        present: `(n,)`.

    Returns:
        `(n, 2, height, width)`; 0 where no face is present, and no difference after such a frame.
    """
    grey = crops.astype(np.float32).mean(axis=3)
    centred = grey - grey.mean(axis=(1, 2), keepdims=True)
    even = centred / np.maximum(centred.std(axis=(1, 2), keepdims=True), MIN_STD)
    both = present & np.concatenate([[False], present[:-1]])
    change = np.concatenate([np.zeros_like(even[:1]), np.diff(even, axis=0)])
    look: npt.NDArray[np.float32] = np.stack(
        [even * present[:, None, None], change * both[:, None, None]], axis=1
    ).astype(np.float32)
    return look
