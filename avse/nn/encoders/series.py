"""Encoders of sensor series. Each returns `(batch, frames, features)` and states `.dim` and `.frame_rate_hz`.

All begin with the same convolutions, which halve the rate step by step; they differ in what comes after: nothing, a
GRU, or a transformer.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from avse.nn.layers import conv_block

KERNEL = 5


class SeriesCNN(nn.Module):
    """One-dimensional convolutions over the channels of a modality."""

    def __init__(
        self, n_channels: int, *, rate_hz: float, dim: int = 64, n_halvings: int = 3, dropout: float = 0.2
    ) -> None:
        """Set up.

        Args:
            n_channels: of a series.
            rate_hz: samples a second of a series.
            dim: features of a frame.
            n_halvings: convolutions, each of which halves the rate.
            dropout: share of the features that training skips.
        """
        super().__init__()
        self.dim, self.frame_rate_hz = dim, rate_hz / 2**n_halvings
        widths = [n_channels, *(max(16, dim >> (n_halvings - 1 - i)) for i in range(n_halvings - 1)), dim]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(widths):
            layers += conv_block(nn.Conv1d, n_in, n_out, KERNEL, stride=2, padding=KERNEL // 2)
        self.convolutions = nn.Sequential(*layers, nn.Dropout(dropout))

    def forward(self, series: Tensor) -> Tensor:
        """Encode a series.

        Args:
            series: `(batch, channels, time)`, of any length from one sample on.

        Returns:
            `(batch, frames, dim)`, a frame for every 2 ** `n_halvings` samples or part of them.
        """
        features: Tensor = self.convolutions(series).transpose(1, 2)
        return features


class SeriesGRU(SeriesCNN):
    """The convolutions, then a GRU over their frames."""

    def __init__(
        self, n_channels: int, *, rate_hz: float, dim: int = 64, n_halvings: int = 3, dropout: float = 0.2
    ) -> None:
        """As `SeriesCNN`."""
        super().__init__(n_channels, rate_hz=rate_hz, dim=dim, n_halvings=n_halvings, dropout=dropout)
        self.over_time = nn.GRU(dim, dim, batch_first=True)

    def forward(self, series: Tensor) -> Tensor:
        """As `SeriesCNN.forward`, `(batch, channels, time)` to `(batch, frames, dim)`; the GRU is causal."""
        features: Tensor = self.over_time(super().forward(series))[0]
        return features


class SeriesTransformer(SeriesCNN):
    """The convolutions, then a transformer over their frames: pre-norm, GELU, sinusoidal positions (Vaswani 2017)."""

    def __init__(
        self, n_channels: int, *, rate_hz: float, dim: int = 64, n_halvings: int = 3, dropout: float = 0.2
    ) -> None:
        """As `SeriesCNN`; `dim` is a multiple of 4, for four heads."""
        super().__init__(n_channels, rate_hz=rate_hz, dim=dim, n_halvings=n_halvings, dropout=dropout)
        layer = nn.TransformerEncoderLayer(
            dim, nhead=4, dim_feedforward=2 * dim, dropout=dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.over_time = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)

    def forward(self, series: Tensor) -> Tensor:
        """As `SeriesCNN.forward`, `(batch, channels, time)` to `(batch, frames, dim)`; every frame attends to all."""
        frames = super().forward(series)
        features: Tensor = self.over_time(frames + positions(frames.shape[1], self.dim).to(frames))
        return features


ENCODERS = {"cnn": SeriesCNN, "gru": SeriesGRU, "transformer": SeriesTransformer}
"""By the name that configurations use."""


def positions(n_frames: int, dim: int) -> Tensor:
    """Sines and cosines that tell frames apart, `(frames, dim)` (Vaswani et al. 2017, section 3.5)."""
    rates = torch.exp(-math.log(10000.0) * torch.arange(0, dim, 2) / dim)
    angles = torch.arange(n_frames)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
