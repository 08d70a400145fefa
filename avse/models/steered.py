"""The default model: an audio core, and a steering that lets the speaker's lips choose among voices.

The audio core enhances by itself. Beside it a steering network reads the core's maps and the speech cue
(`avse.signal.speech_cue`: voice activity and band energies, predicted from the lips by `avse.models.lip_cue`) and
changes the core's mask; its path begins at zero, as in Flamingo's gated layers (Alayrac et al. 2022), so that steering
starts as the core and learns only what the cue adds. Cues are computed from the clean speech of thousands of voices in
training, spoiled as the lips of strangers spoil them: the faces, which are few, teach the lips alone.

Without a cue the output is the core's, bit for bit. `avse.models.guard` decides how much of the steered output is used,
by the evidence of the lip network that the lips say what is heard.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from avse.models.gtcrn import CoreState, Decoded, Encoded, Gtcrn, GtcrnConfig
from avse.nn.band_blocks import Block, BlockConfig
from avse.nn.layers import SLOPE
from avse.signal.speech_cue import CUE_DIM, CUE_RATE_HZ


@dataclass(frozen=True)
class SteeredConfig:
    """What is needed to build the network again."""

    core: GtcrnConfig = field(default_factory=GtcrnConfig)
    """Of the audio core."""
    block: BlockConfig = field(default_factory=BlockConfig)
    """Of the steering's blocks."""
    n_blocks: int = 3
    """Blocks of the steering."""


class SteeredState(NamedTuple):
    """What the network carries from one audio frame to the next."""

    core: CoreState
    recurrent: tuple[Tensor, ...]
    """Of the steering's blocks."""


class SteeredOutput(NamedTuple):
    """What the network gives for each audio frame."""

    audio_only: Tensor
    """`(batch, 2, frames, freqs)` enhanced by the core alone."""
    steered: Tensor
    """`(batch, 2, frames, freqs)` enhanced with the cue."""


class MaskChange(nn.Module):
    """Turns the core's mask into another: a gain from 0 to 2 for each band, and what is added to it."""

    def __init__(self, channels: int, core_channels: int) -> None:
        """Set up; at the start it changes nothing."""
        super().__init__()
        up: dict[str, Any] = {"stride": (1, 2), "padding": (0, 2)}
        self.widen = nn.ConvTranspose2d(channels, core_channels, (1, 5), **up)
        self.last = nn.ConvTranspose2d(core_channels, 3, (1, 5), **up)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor, decoded: Decoded) -> Tensor:
        """Take `(batch, frames, middle bands, channels)` and what the core's decoder gave; give a mask like its."""
        wide = nn.functional.leaky_relu(self.widen(x.permute(0, 3, 1, 2)) + decoded.features, SLOPE)
        change = self.last(wide)
        changed: Tensor = decoded.mask * (2 * torch.sigmoid(change[:, :1])) + change[:, 1:]
        return changed


class Steered(nn.Module):
    """Core and steering."""

    name: ClassVar[str] = "steered"
    crop_size: ClassVar[tuple[int, int]] = (32, 48)
    """Of the mouths that the cue is read from, pixels."""
    video_rate_hz: ClassVar[float] = CUE_RATE_HZ
    """Cues per second."""

    def __init__(self, config: SteeredConfig, *, core: Gtcrn) -> None:
        """Set up.

        Args:
            config: sizes.
            core: enhances audio; trained before.
        """
        super().__init__()
        self.config, self.core = config, core
        channels, n_bands = config.block.channels, core.n_middle
        self.read = nn.Linear(2 * core.config.channels, channels)
        self.cue = nn.Linear(CUE_DIM + 1, channels * n_bands)
        self.blocks = nn.ModuleList(Block(config.block, n_bands) for _ in range(config.n_blocks))
        self.change = MaskChange(channels, core.config.channels)

    @classmethod
    def build(cls, config: SteeredConfig) -> "Steered":
        """Build the network with a new core."""
        return cls(config, core=Gtcrn.build(config.core))

    @staticmethod
    def config_of(**header: Any) -> SteeredConfig:
        """The configuration that a weights file's header holds."""
        if "recurrence" in header.get("core", {}):
            raise ValueError("they are of the audio core before GTCRN; train again, or use avse 0.2")
        core, block = Gtcrn.config_of(**header.get("core", {})), BlockConfig(**header.get("block", {}))
        return SteeredConfig(**{**header, "core": core, "block": block})

    def initial_state(self, batch: int, like: Tensor) -> SteeredState:
        """The state before the first frame; `like`, `(...)`, gives the device and the number type."""
        dim = self.config.block.state_dim
        return SteeredState(
            self.core.initial_state(batch, like),
            tuple(like.new_zeros(batch, self.core.n_middle, dim) for _ in self.blocks),
        )

    def step(
        self, noisy: Tensor, cue: Tensor, present: Tensor, state: SteeredState
    ) -> tuple[SteeredOutput, SteeredState]:
        """Enhance the next frames.

        Args:
            noisy: `(batch, 2, frames, freqs)` real and imaginary part.
            cue: `(batch, frames, CUE_DIM)` in [0, 1], that of the last video frame at each audio frame.
            present: `(batch, frames)` 1 where there is a cue, else 0.
            state: from `initial_state`, or from the call before.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.core.training):
            encoded, core = self.core.encode(noisy, state.core)
            decoded, core = self.core.decode(encoded, core)
        x, recurrent = self._steer(encoded, cue, present, state.recurrent)
        audio_only, steered = (self.core.masked(noisy, mask) for mask in (decoded.mask, self.change(x, decoded)))
        return SteeredOutput(audio_only, steered), SteeredState(core, recurrent)

    def _steer(
        self, encoded: Encoded, cue: Tensor, present: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        given = torch.cat([cue * present[..., None], present[..., None]], dim=-1)
        narrow = encoded.skips[1].permute(0, 2, 3, 1)
        x = self.read(torch.cat([encoded.middle, narrow], dim=-1))
        x = x + self.cue(given).unflatten(-1, (self.core.n_middle, -1))
        recurrent = []
        for block, before in zip(self.blocks, state, strict=True):
            x, after = block(x, before)
            recurrent.append(after)
        return x, tuple(recurrent)

    def forward(self, noisy: Tensor, cue: Tensor, present: Tensor) -> SteeredOutput:
        """Enhance whole recordings; arguments as of `step`."""
        return self.step(noisy, cue, present, self.initial_state(len(noisy), noisy))[0]
