"""The encoder of mouths that runs video by video."""

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from avse.nn.causal import remember
from avse.nn.layers import conv_block


class MouthState(NamedTuple):
    """What the encoder remembers from the video frames before."""

    past: Tensor
    """`(batch, dim, 2)` the last two video frames' features."""
    hidden: Tensor
    """`(1, batch, dim)` of the GRU."""


class MouthEncoder(nn.Module, ABC):
    """Small video frames of a moving mouth to features: each by itself, then three of them, then a GRU."""

    def __init__(self, *, dim: int, rate_hz: float = 25.0) -> None:
        """Set up.

        Args:
            dim: features a video frame.
            rate_hz: video frames a second that it is trained with.
        """
        super().__init__()
        self.dim, self.frame_rate_hz = dim, rate_hz
        self.neighbours = nn.Conv1d(dim, dim, 3)
        self.over_time = nn.GRU(dim, dim, batch_first=True)

    @abstractmethod
    def each(self, frames: Tensor) -> Tensor:
        """Encode video frames by themselves, `(video frames, channels, height, width)` to `(video frames, dim)`."""

    def initial_state(self, batch: int, like: Tensor) -> MouthState:
        """The state before the first video frame: zeros, `(batch, dim, 2)` and `(1, batch, dim)`."""
        return MouthState(like.new_zeros(batch, self.dim, 2), like.new_zeros(1, batch, self.dim))

    def forward(self, frames: Tensor, state: MouthState) -> tuple[Tensor, MouthState]:
        """Encode video frames.

        Args:
            frames: `(batch, time, channels, height, width)`.
            state: from `initial_state`, or from the call before.

        Returns:
            `(batch, time, dim)` and the new state.
        """
        each = self.each(frames.flatten(0, 1)).reshape(*frames.shape[:2], self.dim)
        seen = torch.cat([state.past, each.transpose(1, 2)], dim=2)
        near = torch.relu(self.neighbours(seen)).transpose(1, 2)
        features, hidden = remember(self.over_time, near, state.hidden)
        return features, MouthState(seen[:, :, -2:], hidden)


class MouthCNN(MouthEncoder):
    """A CNN on each video frame."""

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
            channels: of a video frame.
            height: pixels, a multiple of 8.
            width: pixels, a multiple of 8.
            dim: features a video frame.
            rate_hz: video frames a second that it is trained with.
            widths: channels of the three convolutions.
        """
        super().__init__(dim=dim, rate_hz=rate_hz)
        self.sizes: dict[str, Any] = {"channels": channels, "height": height, "width": width, "dim": dim,
                                      "rate_hz": rate_hz, "widths": tuple(widths)}  # fmt: skip
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((channels, *widths)):
            layers += conv_block(nn.Conv2d, n_in, n_out, 3, stride=2, padding=1)
        self.frame = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2))
        self.project = nn.Linear(widths[-1] * (height // 8) * (width // 8), dim)

    def each(self, frames: Tensor) -> Tensor:
        """As `MouthEncoder.each`: `(frames, channels, height, width)` to `(frames, dim)`."""
        features: Tensor = self.project(self.frame(frames))
        return features
