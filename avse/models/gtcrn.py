"""The audio core: GTCRN, whose published weights are trained further, with blocks put in its middle.

Rong, Sun, Zhang, Hu, Zhu, Lu, "GTCRN: A Speech Enhancement Model Requiring Ultralow Computational Resources", ICASSP
2024. Written from the paper and the published graph (MIT licence), in which the batch normalisations are part of the
convolutions: there are none here. The blocks are a deviation; they begin as ones that change nothing.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from avse.nn.band_blocks import Block, BlockConfig
from avse.nn.bands import ErbBands
from avse.nn.complex_mask import apply_mask
from avse.nn.grouped import DualPath, GroupedConv
from avse.signal.stft_config import StftConfig

FLOOR = 1e-12
"""Of squared magnitudes."""
DILATIONS = (1, 2, 5)
"""Frames between those that the depth-wise convolutions of the encoder see; the decoder has them in reverse."""


@dataclass(frozen=True)
class GtcrnConfig:
    """Sizes of GTCRN; those of the paper are the defaults."""

    sample_rate: int = 16000
    """Hz."""
    window: int = 512
    """Samples, 32 ms; the latency."""
    hop: int = 256
    """Samples, 16 ms."""
    channels: int = 16
    """Features of each band."""
    n_low: int = 65
    """Lowest frequencies, kept one by one."""
    n_high: int = 64
    """Bands above them."""
    n_blocks: int = 2
    """Blocks after the dual paths; the paper has none."""
    state_dim: int = 32
    """Width of the recurrent state of each band in them."""
    recurrent_weights: bool = False
    """Whether the gates of their recurrences see the state."""

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio."""
        return StftConfig(window=self.window, hop=self.hop, sample_rate=self.sample_rate)


class CoreState(NamedTuple):
    """What the network carries from one audio frame to the next."""

    encoder: tuple[Tensor, ...]
    """Past maps and attention's state of each convolution of the encoder, in turn."""
    middle: tuple[Tensor, ...]
    """`(batch, middle bands, channels)` of each dual path, then `(batch, middle bands, state_dim)` of each block."""
    decoder: tuple[Tensor, ...]
    """As those of the encoder."""


class Encoded(NamedTuple):
    """A spectrum on its way through the network."""

    middle: Tensor
    """`(batch, frames, middle bands, channels)` after the dual paths."""
    skips: tuple[Tensor, ...]
    """Maps of the encoder from the widest to the narrowest, `(batch, channels, frames, bands)`."""


class Decoded(NamedTuple):
    """What the decoder gives."""

    mask: Tensor
    """`(batch, 2, frames, bands)` real and imaginary part, within +-1."""
    features: Tensor
    """`(batch, channels, frames, half of the bands)` that the mask was made of."""


class Convolutions(nn.Module):
    """Three grouped convolutions in a row."""

    def __init__(self, channels: int, dilations: tuple[int, ...], n_bands: int) -> None:
        """Set up for maps of `n_bands`."""
        super().__init__()
        self.channels, self.n_bands = channels, n_bands
        self.layers = nn.ModuleList(GroupedConv(channels, dilation) for dilation in dilations)

    def initial_state(self, batch: int, like: Tensor) -> tuple[Tensor, ...]:
        """Zeros; `like`, `(...)`, gives the device and the number type."""
        state = []
        for layer in self.layers:
            assert isinstance(layer, GroupedConv)
            state += [
                like.new_zeros(batch, self.channels, layer.n_past, self.n_bands),
                like.new_zeros(batch, self.channels),
            ]
        return tuple(state)

    def forward(
        self, x: Tensor, state: tuple[Tensor, ...], added: tuple[Tensor, ...] = ()
    ) -> tuple[list[Tensor], tuple[Tensor, ...]]:
        """Give the map after each layer, all `(batch, channels, frames, bands)`; `added` goes to the input of each."""
        maps, after = [], []
        for index, layer in enumerate(self.layers):
            x, past, attended = layer(x + added[index] if added else x, *state[2 * index : 2 * index + 2])
            maps.append(x)
            after += [past, attended]
        return maps, tuple(after)


class Gtcrn(nn.Module):
    """Encoder, dual paths, decoder."""

    name: ClassVar[str] = "gtcrn"

    def __init__(self, config: GtcrnConfig) -> None:
        """Set up."""
        super().__init__()
        self.config = config
        channels = config.channels
        self.bands = ErbBands(config.stft, n_low=config.n_low, n_high=config.n_high, stored=True)
        self.n_middle = ((self.bands.n_bands + 1) // 2 + 1) // 2
        down: dict[str, Any] = {"stride": (1, 2), "padding": (0, 2)}
        self.wide = nn.Sequential(nn.Conv2d(9, channels, (1, 5), **down), nn.PReLU())
        self.narrow = nn.Sequential(nn.Conv2d(channels, channels, (1, 5), groups=2, **down), nn.PReLU())
        self.encoder = Convolutions(channels, DILATIONS, self.n_middle)
        self.paths = nn.ModuleList(DualPath(channels, self.n_middle) for _ in range(2))
        block = BlockConfig(channels, config.state_dim, recurrent_weights=config.recurrent_weights)
        self.blocks = nn.ModuleList(Block(block, self.n_middle) for _ in range(config.n_blocks))
        for added in self.blocks:
            assert isinstance(added, Block)
            added.begin_at_zero()
        self.decoder = Convolutions(channels, DILATIONS[::-1], self.n_middle)
        self.widen = nn.Sequential(nn.ConvTranspose2d(channels, channels, (1, 5), groups=2, **down), nn.PReLU())
        self.last = nn.ConvTranspose2d(channels, 2, (1, 5), **down)

    @classmethod
    def build(cls, config: GtcrnConfig) -> "Gtcrn":
        """Build the network."""
        return cls(config)

    @staticmethod
    def config_of(**header: Any) -> GtcrnConfig:
        """The configuration that a weights file's header holds."""
        return GtcrnConfig(**header)

    def initial_state(self, batch: int, like: Tensor) -> CoreState:
        """The state before the first frame; `like`, `(...)`, gives the device and the number type."""
        return CoreState(
            self.encoder.initial_state(batch, like),
            tuple(like.new_zeros(batch, self.n_middle, self.config.channels) for _ in self.paths)
            + tuple(like.new_zeros(batch, self.n_middle, self.config.state_dim) for _ in self.blocks),
            self.decoder.initial_state(batch, like),
        )

    def encode(self, noisy: Tensor, state: CoreState) -> tuple[Encoded, CoreState]:
        """Encode the next frames.

        Args:
            noisy: `(batch, 2, frames, freqs)` real and imaginary part.
            state: from `initial_state`, or from the call before.
        """
        magnitude = (noisy.square().sum(dim=1, keepdim=True) + FLOOR).sqrt()
        features = self.bands.to_bands(torch.cat([magnitude, noisy], dim=1))
        padded = torch.nn.functional.pad(features, (1, 1))
        n_bands = features.shape[-1]
        neighbours = torch.stack([padded[..., shift : shift + n_bands] for shift in range(3)], dim=2).flatten(1, 2)
        wide = self.wide(neighbours)
        narrow = self.narrow(wide)
        maps, encoder = self.encoder(narrow, state.encoder)
        x = maps[-1].permute(0, 2, 3, 1)
        middle = []
        for layer, before in zip((*self.paths, *self.blocks), state.middle, strict=True):
            x, after = layer(x, before)
            middle.append(after)
        return Encoded(x, (wide, narrow, *maps)), CoreState(encoder, tuple(middle), state.decoder)

    def decode(self, encoded: Encoded, state: CoreState) -> tuple[Decoded, CoreState]:
        """Decode the next frames; the state is that of `encode`."""
        wide, narrow, *skips = encoded.skips
        maps, decoder = self.decoder(encoded.middle.permute(0, 3, 1, 2), state.decoder, tuple(reversed(skips)))
        features = self.widen(maps[-1] + narrow) + wide
        return Decoded(torch.tanh(self.last(features)), features), state._replace(decoder=decoder)

    def masked(self, noisy: Tensor, mask: Tensor) -> Tensor:
        """Multiply `(batch, 2, frames, freqs)` by a complex mask `(batch, 2, frames, bands)`."""
        return apply_mask(noisy, self.bands.from_bands(mask))

    def step(self, noisy: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        """Enhance the next frames, `(batch, 2, frames, freqs)` to the same shape; arguments as of `encode`."""
        encoded, state = self.encode(noisy, state)
        decoded, state = self.decode(encoded, state)
        return self.masked(noisy, decoded.mask), state

    def forward(self, noisy: Tensor) -> Tensor:
        """Enhance whole recordings, `(batch, 2, frames, freqs)` to the same shape."""
        return self.step(noisy, self.initial_state(len(noisy), noisy))[0]
