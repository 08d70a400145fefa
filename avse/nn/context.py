"""Context windows: each frame seen with its neighbours."""

import torch.nn.functional as F
from torch import Tensor


def pad_frames(features: Tensor, *, context: int) -> Tensor:
    """Repeat the first and last frame so that a window of `context` frames is centred on every frame.

    Args:
        features: `(batch, rows, frames)`.
        context: odd number of frames in a window.

    Returns:
        `(batch, rows, frames + context - 1)`.
    """
    return F.pad(features, (context // 2, context // 2), mode="replicate")


def windows(features: Tensor, *, size: int) -> Tensor:
    """Every run of `size` neighbouring frames.

    Args:
        features: `(batch, rows, frames)`.
        size: frames in a window, at most `frames`.

    Returns:
        `(batch, frames - size + 1, rows, size)`, a view.
    """
    return features.unfold(-1, size, 1).transpose(1, 2)
