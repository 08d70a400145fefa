"""Parts of networks that run frame by frame: each takes what it remembers, and gives what it will remember.

`forward(x, state) -> (y, state)`; a whole recording is one call with `start(...)`, a stream is a call for every
frame, and both give the same.
"""

import torch
from torch import Tensor, nn

from avse.nn.layers import SLOPE


class CausalConv(nn.Module):
    """A residual block that looks at neighbouring bands and past frames."""

    def __init__(self, channels: int, *, dilation: int) -> None:
        """Set up.

        Args:
            channels: of input and output.
            dilation: frames between the taps; three are.
        """
        super().__init__()
        self.channels, self.n_past = channels, 2 * dilation
        # Not depthwise, as in small models: on CPUs a standard convolution is no slower, and it can do more.
        self.look = nn.Conv2d(channels, channels, 3, dilation=(dilation, 1), padding=(0, 1))
        self.after = nn.Sequential(nn.BatchNorm2d(channels), nn.LeakyReLU(SLOPE))

    def initial_state(self, batch: int, n_bands: int, like: Tensor) -> Tensor:
        """The state before the first frame, `(batch, channels, past frames, bands)` of zeros."""
        return like.new_zeros(batch, self.channels, self.n_past, n_bands)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take `(batch, channels, frames, bands)`."""
        seen = torch.cat([state, x], dim=2)
        return x + self.after(self.look(seen)), seen[:, :, -self.n_past :]


class BandMixer(nn.Module):
    """Mixes the bands of each frame, in each channel alike (after the MLP-Mixer, Tolstikhin et al. 2021); no state."""

    def __init__(self, channels: int, n_bands: int) -> None:
        """Set up."""
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Sequential(nn.Linear(n_bands, 2 * n_bands), nn.LeakyReLU(SLOPE), nn.Linear(2 * n_bands, n_bands))

    def forward(self, x: Tensor) -> Tensor:
        """Take `(batch, channels, frames, bands)`."""
        normed = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        mixed: Tensor = x + self.mix(normed)
        return mixed


class BandGRU(nn.Module):
    """A state of its own for each band; the weights are the same for all, so that each learns from every other.

    As the sub-band networks of FullSubNet (Hao, Su, Horaud, Li 2021) and GTCRN (Rong et al. 2024).
    """

    def __init__(self, channels: int, n_bands: int, *, dim: int) -> None:
        """Set up; `dim` is the width of each band's state."""
        super().__init__()
        self.dim, self.n_bands = dim, n_bands
        self.norm = nn.LayerNorm(channels)
        # Tells the shared weights which band they are in.
        self.position = nn.Parameter(torch.zeros(n_bands, 1, channels))
        self.over_time = nn.GRU(channels, dim, batch_first=True)
        self.expand = nn.Linear(dim, channels)

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """The state before the first frame, `(1, batch * bands, dim)` of zeros."""
        return like.new_zeros(1, batch * self.n_bands, self.dim)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take `(batch, channels, frames, bands)`."""
        batch, channels, n_frames, n_bands = x.shape
        each = self.norm(x.permute(0, 3, 2, 1)) + self.position
        hidden, state = remember(self.over_time, each.reshape(batch * n_bands, n_frames, channels), state)
        update = self.expand(hidden).reshape(batch, n_bands, n_frames, channels).permute(0, 3, 2, 1)
        return x + update, state


class FullBandGRU(nn.Module):
    """One GRU over time for all bands together: the long state, for one sequence and not one for each band."""

    def __init__(self, channels: int, n_bands: int, *, dim: int) -> None:
        """Set up; `dim` is the width of the state."""
        super().__init__()
        self.dim = dim
        self.squeeze = nn.Linear(channels * n_bands, dim)
        self.over_time = nn.GRU(dim, dim, batch_first=True)
        self.expand = nn.Linear(dim, channels * n_bands)

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """The state before the first frame, `(1, batch, dim)` of zeros."""
        return like.new_zeros(1, batch, self.dim)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take `(batch, channels, frames, bands)`."""
        batch, channels, n_frames, n_bands = x.shape
        flat = x.transpose(1, 2).reshape(batch, n_frames, channels * n_bands)
        hidden, state = remember(self.over_time, self.squeeze(flat), state)
        update = self.expand(hidden).reshape(batch, n_frames, channels, n_bands).transpose(1, 2)
        return x + update, state


def remember(gru: nn.GRU, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Run a GRU in full precision: on CPUs it takes two thirds of the time that bfloat16 takes.

    Args:
        gru: with `batch_first`.
        x: `(batch, frames, features)`.
        state: `(1, batch, dim)` state before the first frame.

    Returns:
        `(batch, frames, dim)` and the new state, `(1, batch, dim)`.
    """
    with torch.autocast(x.device.type, enabled=False):
        hidden, state = gru(x.float(), state.float())
    return hidden, state
