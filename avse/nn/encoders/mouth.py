"""The encoder of mouths that runs picture by picture."""

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from avse.nn.causal import remember
from avse.nn.layers import conv_block


class MouthMemory(NamedTuple):
    """What the encoder remembers from the pictures before."""

    past: Tensor
    """`(batch, dim, 2)` the last two pictures' features."""
    hidden: Tensor
    """`(1, batch, dim)` of the GRU."""


class MouthEncoder(nn.Module, ABC):
    """Small pictures of a moving mouth to features: each by itself, then three of them, then a GRU."""

    def __init__(self, *, dim: int, rate_hz: float = 25.0) -> None:
        """Set up.

        Args:
            dim: features a picture.
            rate_hz: pictures a second that it is trained with.
        """
        super().__init__()
        self.dim, self.frame_rate_hz = dim, rate_hz
        self.neighbours = nn.Conv1d(dim, dim, 3)
        self.over_time = nn.GRU(dim, dim, batch_first=True)

    @abstractmethod
    def each(self, frames: Tensor) -> Tensor:
        """Encode pictures by themselves, `(pictures, channels, height, width)` to `(pictures, dim)`."""

    def start(self, batch: int, like: Tensor) -> MouthMemory:
        """The state before the first video frame: zeros, `(batch, dim, 2)` and `(1, batch, dim)`."""
        return MouthMemory(like.new_zeros(batch, self.dim, 2), like.new_zeros(1, batch, self.dim))

    def forward(self, frames: Tensor, memory: MouthMemory) -> tuple[Tensor, MouthMemory]:
        """Encode pictures.

        Args:
            frames: `(batch, time, channels, height, width)`.
            memory: from `start`, or from the call before.

        Returns:
            `(batch, time, dim)` and the new memory.
        """
        each = self.each(frames.flatten(0, 1)).reshape(*frames.shape[:2], self.dim)
        seen = torch.cat([memory.past, each.transpose(1, 2)], dim=2)
        near = torch.relu(self.neighbours(seen)).transpose(1, 2)
        features, hidden = remember(self.over_time, near, memory.hidden)
        return features, MouthMemory(seen[:, :, -2:], hidden)


class MouthCNN(MouthEncoder):
    """A CNN on each picture."""

    def __init__(
        self,
        *,
        channels: int = 2,
        height: int = 32,
        width: int = 48,
        dim: int = 64,
        rate_hz: float = 25.0,
        widths: tuple[int, int, int] = (16, 32, 48),
    ) -> None:
        """Set up.

        Args:
            channels: of a picture.
            height: pixels, a multiple of 8.
            width: pixels, a multiple of 8.
            dim: features a picture.
            rate_hz: pictures a second that it is trained with.
            widths: channels of the three convolutions.
        """
        super().__init__(dim=dim, rate_hz=rate_hz)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((channels, *widths)):
            layers += conv_block(nn.Conv2d, n_in, n_out, 3, stride=2, padding=1)
        self.picture = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2))
        self.project = nn.Linear(widths[-1] * (height // 8) * (width // 8), dim)

    def each(self, frames: Tensor) -> Tensor:
        """As `MouthEncoder.each`: `(frames, channels, height, width)` to `(frames, dim)`."""
        features: Tensor = self.project(self.picture(frames))
        return features
