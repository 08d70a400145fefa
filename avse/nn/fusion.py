"""Features of several modalities joined and followed over time."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ConcatLSTM(nn.Module):
    """Features side by side, then LSTM layers over time; a modality that is missing is 0 and reported as missing."""

    def __init__(self, dims: Sequence[int], *, dim: int = 64, n_layers: int = 2, dropout: float = 0.3) -> None:
        """Set up.

        Args:
            dims: features of each modality.
            dim: width of the LSTM.
            n_layers: LSTM layers, one after the other.
            dropout: share dropped between them in training.
        """
        super().__init__()
        self.dim = dim
        between = dropout if n_layers > 1 else 0.0
        self.over_time = nn.LSTM(sum(dims) + len(dims), dim, num_layers=n_layers, dropout=between, batch_first=True)

    def forward(self, features: Sequence[Tensor], present: Tensor) -> Tensor:
        """Fuse.

        Args:
            features: of each modality, `(batch, steps, dim)`.
            present: `(batch, steps, modalities)` bool, False where a modality is missing.

        Returns:
            `(batch, steps, dim)`; a step knows of those before it and of none after.
        """
        there = present.to(features[0])
        known = [feature * there[..., [i]] for i, feature in enumerate(features)]
        fused: Tensor = self.over_time(torch.cat([*known, there], dim=-1))[0]
        return fused
