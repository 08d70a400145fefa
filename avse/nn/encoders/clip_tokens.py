"""A VATT's encoder of video on videos of any length, a row of features for each video frame."""

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn

from avse.nn.encoders.movement import movement
from avse.nn.encoders.pretrained import CropTokensConfig


class ClipTokens(nn.Module):
    """Windows as long as the VATT's clips, each by itself; a video frame has the features of its token."""

    def __init__(self, *, n_frames: int, moving: bool, **sizes: Any) -> None:
        """Set up.

        Args:
            n_frames: video frames of a window.
            moving: it reads the movement of a window, not what it looks like.
            sizes: as `CropTokensConfig` has them.
        """
        super().__init__()
        config = CropTokensConfig.of(sizes) or CropTokensConfig()
        self.sizes = {"n_frames": n_frames, "moving": moving, **dataclasses.asdict(config)}
        self.n_frames, self.moving, self.n_repeated = n_frames, moving, config.patch[0]
        self.encoder = config.build()
        self.dim, self.frame_rate_hz = self.encoder.dim, config.fps

    def forward(self, frames: Tensor) -> Tensor:
        """Encode video frames; the last one is repeated until the last window is whole.

        Args:
            frames: `(batch, time, 3, height, width)`, [0, 1].

        Returns:
            `(batch, time, dim)`.
        """
        batch, time = frames.shape[:2]
        windows = windows_of(frames, self.n_frames)
        tokens = self.encoder(movement(windows) if self.moving else windows)
        features: Tensor = tokens.reshape(batch, -1, self.dim).repeat_interleave(self.n_repeated, dim=1)[:, :time]
        return features


def windows_of(frames: Tensor, n_frames: int) -> Tensor:
    """Cut videos into windows, one after the other; the last video frame is repeated until the last window is whole.

    Args:
        frames: `(batch, time, ...)`.
        n_frames: video frames of a window.

    Returns:
        `(batch * windows, n_frames, ...)`.
    """
    batch, time = frames.shape[:2]
    n_windows = -(-time // n_frames)
    index = torch.arange(n_windows * n_frames, device=frames.device).clamp_max(time - 1)
    return frames[:, index].reshape(batch * n_windows, n_frames, *frames.shape[2:])
