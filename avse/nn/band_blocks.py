"""Blocks that run over time in each band and then mix the bands of each frame."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avse.nn.layers import SLOPE
from avse.nn.recurrence import MinimalGRU


@dataclass(frozen=True)
class BlockConfig:
    """Sizes of a block."""

    channels: int = 32
    """Features of each band."""
    state_dim: int = 48
    """Width of the recurrent state of each band."""
    recurrent_weights: bool = False
    """Whether the gates see the state, as those of a GRU do. It costs the same where the network runs, for graphs have
    an operator for GRUs alone, and more where it is trained."""


class Block(nn.Module):
    """A recurrence over time in each band, then a mixing of the bands in each frame; both are residual.

    As in FastEnhancer (Ahn, Bae, Kang, Kim, Hong, 2025), with a minimal GRU, and a perceptron across the bands.
    """

    def __init__(self, config: BlockConfig, n_bands: int) -> None:
        """Set up for maps of `n_bands`."""
        super().__init__()
        channels, state_dim = config.channels, config.state_dim
        self.norm = nn.LayerNorm(channels)
        # Tells weights that all bands share which band they are in.
        self.place = nn.Parameter(torch.zeros(n_bands, channels))
        minimal = MinimalGRU(channels, state_dim)
        self.over_time: nn.Module = minimal.as_gru() if config.recurrent_weights else minimal
        self.out = nn.Linear(state_dim, channels)
        self.norm_bands = nn.LayerNorm(channels)
        self.mix = nn.Sequential(nn.Linear(n_bands, 2 * n_bands), nn.LeakyReLU(SLOPE), nn.Linear(2 * n_bands, n_bands))

    def begin_at_zero(self) -> None:
        """Let it change nothing at the start, so that it can be put into a trained network."""
        for layer in (self.out, self.mix[-1]):
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take `(batch, frames, bands, channels)` and the state of the recurrence; give both."""
        states, state = self.over_time(self.norm(x) + self.place, state)
        x = x + self.out(states)
        mixed: Tensor = self.mix(self.norm_bands(x).transpose(2, 3)).transpose(2, 3)
        return x + mixed, state


def give_recurrent_weights(network: nn.Module) -> None:
    """Make the recurrences of all blocks GRUs of the same function, in place."""
    for block in network.modules():
        if isinstance(block, Block) and isinstance(block.over_time, MinimalGRU):
            block.over_time = block.over_time.as_gru()
