"""Movement as a video frame: what the encoders of tokens see where looks are to tell nothing."""

from torch import Tensor

GREY = 0.5
"""Of what does not move; video frames lie in [0, 1]."""
CONTRAST = 0.1
"""Of a movement of one standard deviation."""
MIN_STD = 0.01
"""Least movement that is divided by, of full scale 1: the noise of a still image stays small."""


def movement(frames: Tensor) -> Tensor:
    """What changes in videos: each video frame less the mean one, in units of the usual change.

    Args:
        frames: `(batch, time, channels, height, width)`, [0, 1].

    Returns:
        The same shape and range.
    """
    change = frames - frames.mean(dim=1, keepdim=True)
    std = change.square().mean(dim=(1, 2, 3, 4), keepdim=True).sqrt().clamp_min(MIN_STD)
    return around_grey(change / std)


def around_grey(change: Tensor) -> Tensor:
    """Movement in standard deviations, `(...)`, as grey values in [0, 1], `(...)`."""
    return (GREY + CONTRAST * change).clamp(0, 1)
