"""The default model: an audio core, and a steering that lets the speaker's lips choose among voices.

The audio core enhances by itself. Beside it a steering network reads the core's maps and the speech cue
(`avse.signal.speech_cue`: voice activity and band energies, predicted from the lips by `avse.models.lip_cue`) and
gives a second mask; its path begins at zero, as in Flamingo's gated layers (Alayrac et al. 2022), so that steering
starts as the core and learns only what the cue adds. Cues are computed from the clean speech of thousands of voices in
training, spoiled as the lips of strangers spoil them: the faces, which are few, teach the lips alone.

Without a cue the output is the core's, bit for bit. `avse.models.guard` decides how much of the steered output is used,
by the evidence of the lip network that the lips say what is heard.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from avse.models.audio_core import AudioCore, Block, CoreConfig, CoreState, Decoder
from avse.signal.speech_cue import CUE_DIM, CUE_RATE_HZ


@dataclass(frozen=True)
class SteeredConfig:
    """What is needed to build the network again."""

    core: CoreConfig = field(default_factory=CoreConfig)
    """Of the audio core."""
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


class Steered(nn.Module):
    """Core and steering."""

    name: ClassVar[str] = "steered"
    crop_size: ClassVar[tuple[int, int]] = (32, 48)
    """Of the mouths that the cue is read from, pixels."""
    video_rate_hz: ClassVar[float] = CUE_RATE_HZ
    """Cues per second."""

    def __init__(self, config: SteeredConfig, *, core: AudioCore) -> None:
        """Set up.

        Args:
            config: sizes.
            core: enhances audio; trained before.
        """
        super().__init__()
        self.config, self.core = config, core
        channels, n_bands = config.core.channels, core.n_middle
        self.read = nn.Linear(2 * channels, channels)
        self.cue = nn.Linear(CUE_DIM + 1, channels * n_bands)
        self.blocks = nn.ModuleList(Block(config.core, n_bands) for _ in range(config.n_blocks))
        self.write = nn.Linear(channels, channels)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)
        self.decoder = Decoder(channels)
        self.decoder.load_state_dict(core.decoder.state_dict())

    @classmethod
    def build(cls, config: SteeredConfig) -> "Steered":
        """Build the network with a new core."""
        return cls(config, core=AudioCore.build(config.core))

    @staticmethod
    def config_of(**header: Any) -> SteeredConfig:
        """The configuration that a weights file's header holds."""
        return SteeredConfig(**{**header, "core": AudioCore.config_of(**header.get("core", {}))})

    def initial_state(self, batch: int, like: Tensor) -> SteeredState:
        """The state before the first frame; `like`, `(...)`, gives the device and the number type."""
        n_bands, dim = self.core.n_middle, self.config.core.state_dim
        return SteeredState(
            self.core.initial_state(batch, like),
            tuple(like.new_zeros(batch, n_bands, dim) for _ in self.blocks),
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
            audio_only = self.core.masked(noisy, self.core.decoder(encoded, self.core.bands.n_bands))
        given = torch.cat([cue * present[..., None], present[..., None]], dim=-1)
        x = self.read(torch.cat([encoded.middle, encoded.skips[1].permute(0, 2, 3, 1)], dim=-1))
        x = x + self.cue(given).unflatten(-1, (self.core.n_middle, -1))
        recurrent = []
        for block, before in zip(self.blocks, state.recurrent, strict=True):
            x, after = block(x, before)
            recurrent.append(after)
        steered = encoded._replace(middle=encoded.middle + self.write(x))
        mask = self.decoder(steered, self.core.bands.n_bands)
        return SteeredOutput(audio_only, self.core.masked(noisy, mask)), SteeredState(core, tuple(recurrent))

    def forward(self, noisy: Tensor, cue: Tensor, present: Tensor) -> SteeredOutput:
        """Enhance whole recordings; arguments as of `step`."""
        return self.step(noisy, cue, present, self.initial_state(len(noisy), noisy))[0]
