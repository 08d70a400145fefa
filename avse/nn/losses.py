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


def compressed_mse(estimate: Tensor, target: Tensor, *, power: float = 0.3) -> tuple[Tensor, Tensor]:
    """Squared errors of compressed spectra, as the ear compresses (Ephrat et al. 2018; Braun and Tashev 2021).

    Args:
        estimate: `(batch, 2, ...)` real and imaginary part.
        target: the same shape.
        power: of the magnitudes, below 1.

    Returns:
        For each example, `(batch,)`: the mean squared error of the compressed magnitudes, and that of the compressed
        real and imaginary parts.
    """

    def compressed(parts: Tensor) -> tuple[Tensor, Tensor]:
        # The floor keeps the gradient finite in silence.
        magnitude = (parts.square().sum(dim=1, keepdim=True) + 1e-6).sqrt()
        return magnitude**power, parts * magnitude ** (power - 1)

    (estimate_magnitude, estimate_parts), (target_magnitude, target_parts) = compressed(estimate), compressed(target)
    magnitude, parts = (estimate_magnitude - target_magnitude).square(), (estimate_parts - target_parts).square()
    return magnitude.flatten(1).mean(dim=1), parts.flatten(1).mean(dim=1)
