"""The audio core: causal speech enhancement of one microphone, one step a hop, small enough to train on CPUs.

ERB bands, strided convolutions over frequency, and a complex mask as in GTCRN (Rong, Sun, Zhang, Hu, Zhu, Lu, "GTCRN: A
Speech Enhancement Model Requiring Ultralow Computational Resources", ICASSP 2024); in the middle, blocks that run over
time in each band and then mix the bands of each frame, as in FastEnhancer (Ahn, Bae, Kang, Kim, Hong, 2025).

Deviations: the recurrence is a minimal GRU, bands are mixed by a perceptron or by attention, and decoding adds the
encoder's maps instead of concatenating them.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.nn.bands import ErbBands
from avse.nn.layers import SLOPE, conv_block
from avse.nn.recurrence import BandwiseGRU, MinimalGRU
from avse.signal.stft_config import StftConfig

POWER = 0.3
"""Magnitudes are compressed to this power before they are read (Ephrat et al. 2018)."""
FLOOR = 1e-6
"""Least magnitude; that of 16-bit rounding is about 1e-4."""
N_PAST = 2
"""Audio frames before the present one that the first convolution sees."""


@dataclass(frozen=True)
class CoreConfig:
    """Sizes of the audio core."""

    sample_rate: int = 16000
    """Hz."""
    window: int = 512
    """Samples, 32 ms; the latency."""
    hop: int = 256
    """Samples, 16 ms."""
    channels: int = 32
    """Features of each of the 33 bands in the middle."""
    n_blocks: int = 4
    """Blocks in the middle."""
    state_dim: int = 48
    """Width of the recurrent state of each band in each block."""
    recurrence: Literal["minimal", "gru"] = "minimal"
    """Of the states: gates that depend on the input alone, or a GRU."""
    n_heads: int = 0
    """Heads of attention over the bands; 0 mixes them by a perceptron."""

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio."""
        return StftConfig(window=self.window, hop=self.hop, sample_rate=self.sample_rate)


class CoreState(NamedTuple):
    """What the core carries from one audio frame to the next."""

    past: Tensor
    """`(batch, 3, N_PAST, bands)` features of the last frames."""
    recurrent: tuple[Tensor, ...]
    """`(batch, middle bands, state_dim)` of each block."""


class Encoded(NamedTuple):
    """A spectrum on its way through the core."""

    middle: Tensor
    """`(batch, frames, middle bands, channels)` after the blocks."""
    skips: tuple[Tensor, Tensor]
    """Maps of the encoder, `(batch, channels, frames, bands)`."""


class Block(nn.Module):
    """A recurrence over time in each band, then a mixing of the bands in each frame; both are residual."""

    def __init__(self, config: CoreConfig, n_bands: int) -> None:
        """Set up for `n_bands` in the middle."""
        super().__init__()
        channels, state_dim, n_heads = config.channels, config.state_dim, config.n_heads
        self.norm = nn.LayerNorm(channels)
        # Tells weights that all bands share which band they are in.
        self.place = nn.Parameter(torch.zeros(n_bands, channels))
        kind = MinimalGRU if config.recurrence == "minimal" else BandwiseGRU
        self.over_time = kind(channels, state_dim)
        self.out = nn.Linear(state_dim, channels)
        self.norm_bands = nn.LayerNorm(channels)
        self.n_heads = n_heads
        if n_heads:
            self.query_key_value = nn.Linear(channels, 3 * channels)
            self.attended = nn.Linear(channels, channels)
        else:
            self.mix = nn.Sequential(
                nn.Linear(n_bands, 2 * n_bands), nn.LeakyReLU(SLOPE), nn.Linear(2 * n_bands, n_bands)
            )

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take `(batch, frames, bands, channels)` and the state of the recurrence; give both."""
        states, state = self.over_time(self.norm(x) + self.place, state)
        x = x + self.out(states)
        return x + self._across(self.norm_bands(x)), state

    def _across(self, x: Tensor) -> Tensor:
        if not self.n_heads:
            mixed: Tensor = self.mix(x.transpose(2, 3)).transpose(2, 3)
            return mixed
        batch, n_frames, n_bands, channels = x.shape
        parts = self.query_key_value(x + self.place).reshape(batch * n_frames, n_bands, 3, self.n_heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        read = F.scaled_dot_product_attention(query, key, value)
        attended: Tensor = self.attended(read.transpose(1, 2).reshape(batch, n_frames, n_bands, channels))
        return attended


class Decoder(nn.Module):
    """From the middle back to a complex mask for all bands."""

    def __init__(self, channels: int) -> None:
        """Set up."""
        super().__init__()
        half = channels // 2
        up = {"size": (1, 5), "stride": (1, 2), "padding": (0, 2)}
        self.first = nn.Sequential(*conv_block(nn.ConvTranspose2d, channels, half, **up))
        self.last = nn.ConvTranspose2d(half, 2, (1, 5), stride=(1, 2), padding=(0, 2))

    def forward(self, encoded: Encoded, n_bands: int) -> Tensor:
        """Give `(batch, 2, frames, n_bands)`, real and imaginary part within +-1."""
        wide, narrow = encoded.skips
        x = self.first(encoded.middle.permute(0, 3, 1, 2) + narrow)
        return torch.tanh(self.last(x[..., : wide.shape[-1]] + wide)[..., :n_bands])


class AudioCore(nn.Module):
    """Encoder, blocks, decoder."""

    name: ClassVar[str] = "audio_core"

    def __init__(self, config: CoreConfig) -> None:
        """Set up."""
        super().__init__()
        self.config = config
        channels = config.channels
        self.bands = ErbBands(config.stft)
        self.n_middle = ((self.bands.n_bands + 1) // 2 + 1) // 2
        down = {"stride": (1, 2), "padding": (0, 2)}
        self.wide = nn.Sequential(*conv_block(nn.Conv2d, 3, channels // 2, (N_PAST + 1, 5), **down))
        self.narrow = nn.Sequential(*conv_block(nn.Conv2d, channels // 2, channels, (1, 5), **down))
        self.blocks = nn.ModuleList(Block(config, self.n_middle) for _ in range(config.n_blocks))
        self.decoder = Decoder(channels)

    @classmethod
    def build(cls, config: CoreConfig) -> "AudioCore":
        """Build the network."""
        return cls(config)

    @staticmethod
    def config_of(**header: Any) -> CoreConfig:
        """The configuration that a weights file's header holds."""
        return CoreConfig(**header)

    def initial_state(self, batch: int, like: Tensor) -> CoreState:
        """The state before the first frame; `like`, `(...)`, gives the device and the number type."""
        return CoreState(
            like.new_zeros(batch, 3, N_PAST, self.bands.n_bands),
            tuple(like.new_zeros(batch, self.n_middle, self.config.state_dim) for _ in self.blocks),
        )

    def encode(self, noisy: Tensor, state: CoreState) -> tuple[Encoded, CoreState]:
        """Encode the next frames.

        Args:
            noisy: `(batch, 2, frames, freqs)` real and imaginary part.
            state: from `initial_state`, or from the call before.
        """
        magnitude = noisy.square().sum(dim=1, keepdim=True).clamp_min(FLOOR**2).sqrt()
        features = self.bands.to_bands(torch.cat([magnitude**POWER, noisy * magnitude ** (POWER - 1)], dim=1))
        features = torch.cat([state.past, features], dim=2)
        wide = self.wide(features)
        narrow = self.narrow(wide)
        x = narrow.permute(0, 2, 3, 1)
        recurrent = []
        for block, before in zip(self.blocks, state.recurrent, strict=True):
            x, after = block(x, before)
            recurrent.append(after)
        return Encoded(x, (wide, narrow)), CoreState(features[:, :, -N_PAST:], tuple(recurrent))

    def masked(self, noisy: Tensor, mask: Tensor) -> Tensor:
        """Multiply `(batch, 2, frames, freqs)` by a complex mask `(batch, 2, frames, bands)`."""
        mask = self.bands.from_bands(mask)
        return torch.stack(
            [
                noisy[:, 0] * mask[:, 0] - noisy[:, 1] * mask[:, 1],
                noisy[:, 0] * mask[:, 1] + noisy[:, 1] * mask[:, 0],
            ],
            dim=1,
        )

    def step(self, noisy: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        """Enhance the next frames, `(batch, 2, frames, freqs)` to the same shape; arguments as of `encode`."""
        encoded, state = self.encode(noisy, state)
        return self.masked(noisy, self.decoder(encoded, self.bands.n_bands)), state

    def forward(self, noisy: Tensor) -> Tensor:
        """Enhance whole recordings, `(batch, 2, frames, freqs)` to the same shape."""
        return self.step(noisy, self.initial_state(len(noisy), noisy))[0]
