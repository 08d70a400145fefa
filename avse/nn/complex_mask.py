"""Complex masks."""

import torch
from torch import Tensor


def apply_mask(noisy: Tensor, mask: Tensor) -> Tensor:
    """Multiply two complex numbers, real and imaginary part along axis 1 of `(batch, 2, frames, freqs)`."""
    return torch.stack(
        [noisy[:, 0] * mask[:, 0] - noisy[:, 1] * mask[:, 1], noisy[:, 0] * mask[:, 1] + noisy[:, 1] * mask[:, 0]],
        dim=1,
    )
