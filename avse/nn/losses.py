"""Losses. Every one takes `(estimate, target)` first, in that order."""

import torch
from torch import Tensor


def masked_mse(estimate: Tensor, target: Tensor, *, mask: Tensor) -> Tensor:
    """Mean squared error over the frames that are real.

    Args:
        estimate: `(batch, frames, ...)`.
        target: the same shape.
        mask: `(batch, frames)` bool, True = counts.

    Returns:
        Scalar; 0 when no frame counts.
    """
    per_frame = (estimate - target).square().flatten(2).mean(dim=-1)
    return torch.where(mask, per_frame, 0).sum() / mask.sum().clamp_min(1)
