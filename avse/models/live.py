"""The live model: causal audio-visual enhancement, one step per hop, with the face where it can be trusted.

Audio follows GTCRN (Rong, Sun, Zhang, Hu, Zhu, Lu, "GTCRN: A Speech Enhancement Model Requiring Ultralow Computational
Resources", ICASSP 2024): ERB bands, causal convolutions, recurrence in the middle, a complex mask. A mouth encoder at
video rate joins in the middle through a gate. The gate looks at audio and mouth together and is taught to tell
whether the one belongs to the other, so that a wrong, frozen or late face is skipped. From the mouth alone the network
also predicts how loud the clean speech is in each band: so the lips are learned where the audio would do without them.

Latency is one window of 512 samples, 32 ms: a frame's end is all that its output waits for.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.nn.bands import ErbBands
from avse.nn.causal import BandGRU, BandMixer, CausalConv, FullBandGRU, remember
from avse.nn.complex_mask import apply_mask
from avse.nn.encoders.mouth import MouthCNN, MouthEncoder, MouthState
from avse.nn.encoders.pretrained import CropTokensConfig, MouthTokens
from avse.nn.layers import conv_block
from avse.signal.clock import video_frame_indices
from avse.signal.stft_config import StftConfig

POWER = 0.3
"""Magnitudes are compressed to this power before they are read (Ephrat et al. 2018)."""
VIDEO_RATE_HZ = 25.0
"""Video frames of the mouth that the network takes."""
FLOOR = 1e-6
"""Least magnitude; that of 16-bit rounding is about 1e-4."""


@dataclass(frozen=True)
class LiveConfig:
    """What is needed to build the network again."""

    sample_rate: int = 16000
    """Hz."""
    window: int = 512
    """Samples, 32 ms."""
    hop: int = 256
    """Samples, 16 ms."""
    channels: int = 32
    """Of the maps in the middle, even."""
    dilations: tuple[int, ...] = (1, 2, 4)
    """Of the convolution blocks before and, backwards, after the middle."""
    band_state_dim: int = 32
    """Width of the state of each band."""
    state_dim: int = 112
    """Width of the state for all bands together."""
    video_dim: int = 64
    """Features of the mouth."""
    gate_dim: int = 32
    """Units of the GRU that judges whether audio and mouth belong together."""
    mouth_widths: tuple[int, int, int] = (16, 32, 48)
    """Channels of the mouth's convolutions; (12, 24, 40) for the encoder of the cue network."""
    tokens: CropTokensConfig | None = None
    """Read the mouth by VATT's encoder of video, of these sizes; None has a CNN."""

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio."""
        return StftConfig(window=self.window, hop=self.hop, sample_rate=self.sample_rate)


class StepState(NamedTuple):
    """All that the network remembers between frames."""

    convolutions: tuple[Tensor, ...]
    recurrent: tuple[Tensor, ...]
    gate: Tensor


class Output(NamedTuple):
    """What the network gives for each frame."""

    spectrum: Tensor
    """`(batch, 2, frames, freqs)` real and imaginary part, enhanced."""
    gate_logit: Tensor
    """`(batch, frames)`: above 0 the mouth is believed to be the speaker's."""
    band_energy: Tensor
    """`(batch, frames, middle bands)`: what the mouth alone says of the clean magnitudes, compressed."""


class Live(nn.Module):
    """Audio network, mouth encoder, and the gate between them."""

    name: ClassVar[str] = "live"
    crop_size: ClassVar[tuple[int, int]] = (32, 48)
    video_rate_hz: ClassVar[float] = VIDEO_RATE_HZ

    def __init__(self, config: LiveConfig, *, video: MouthEncoder) -> None:
        """Set up.

        Args:
            config: sizes and rates.
            video: encoder of mouths.
        """
        super().__init__()
        self.config, self.video = config, video
        channels, dim = config.channels, int(video.dim)
        self.bands = ErbBands(config.stft)
        self.n_middle = ((self.bands.n_bands + 1) // 2 + 1) // 2
        self.down = nn.ModuleList([_resize(3, channels), _resize(channels, channels)])
        self.before = nn.ModuleList(CausalConv(channels, dilation=d) for d in config.dilations)
        self.middle = nn.ModuleList(
            [
                BandGRU(channels, self.n_middle, dim=config.band_state_dim),
                FullBandGRU(channels, self.n_middle, dim=config.state_dim),
            ]
        )
        self.mixers = nn.ModuleList(BandMixer(channels, self.n_middle) for _ in self.middle)
        self.after = nn.ModuleList(CausalConv(channels, dilation=d) for d in reversed(config.dilations))
        self.up = nn.ModuleList([_resize(channels, channels, up=True), _resize(channels, 2, up=True, last=True)])
        self.gate_gru = nn.GRU(dim + channels, config.gate_dim, batch_first=True)
        self.gate_out = nn.Linear(config.gate_dim, 1)
        self.band_energy = nn.Linear(dim, self.n_middle)
        self.scale = nn.Linear(dim, channels)
        self.shift = nn.Linear(dim, channels * self.n_middle)

    @classmethod
    def build(cls, config: LiveConfig) -> "Live":
        """Build the network with its own encoder."""
        height, width = cls.crop_size
        if config.tokens:
            return cls(config, video=MouthTokens(config.tokens.build(), dim=config.video_dim))
        video = MouthCNN(height=height, width=width, dim=config.video_dim, widths=config.mouth_widths)
        return cls(config, video=video)

    @staticmethod
    def config_of(**header: Any) -> LiveConfig:
        """The configuration that a weights file's header holds."""
        lists = {name: tuple(header.get(name, getattr(LiveConfig, name))) for name in ("dilations", "mouth_widths")}
        return LiveConfig(**{**header, **lists, "tokens": CropTokensConfig.of(header.get("tokens"))})

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio."""
        return self.config.stft

    def initial_state(self, batch: int, like: Tensor) -> StepState:
        """The state before the first frame; `like`, `(...)`, gives the device and the number type."""
        blocks = [*self.before, *self.after]
        return StepState(
            tuple(block.initial_state(batch, self.n_middle, like) for block in blocks),
            tuple(block.initial_state(batch, like) for block in self.middle),  # type: ignore[operator]
            like.new_zeros(1, batch, self.config.gate_dim),
        )

    def initial_video_state(self, batch: int, like: Tensor) -> MouthState:
        """As `initial_state`, of the mouth encoder before the first video frame."""
        return self.video.initial_state(batch, like)

    def forward(self, noisy: Tensor, motion: Tensor, present: Tensor) -> Output:
        """Enhance whole recordings, for training.

        Args:
            noisy: `(batch, freqs, frames)` complex, so that mixed precision leaves it as it is.
            motion: `(batch, video frames, 2, height, width)` of the mouth, `VIDEO_RATE_HZ` a second.
            present: `(batch, video frames)` 1 where there is a video frame, else 0.
        """
        mouth, _ = self.video(motion, self.initial_video_state(len(motion), motion))
        shown = self.video_frames_at(noisy.shape[2]).clip(max=motion.shape[1] - 1)
        parts = torch.view_as_real(noisy).permute(0, 3, 2, 1)
        return self.step(parts, mouth[:, shown], present[:, shown], self.initial_state(len(noisy), parts))[0]

    def loudness(self, spectrum: Tensor) -> Tensor:
        """Targets of the auxiliary band-energy head: compressed magnitudes in the bands of the middle.

        Args:
            spectrum: `(batch, 2, frames, freqs)` real and imaginary part of clean speech.

        Returns:
            `(batch, frames, middle bands)`.
        """
        magnitude = spectrum.square().sum(dim=1).clamp_min(FLOOR**2).sqrt() ** POWER
        return F.adaptive_avg_pool1d(self.bands.to_bands(magnitude), self.n_middle)

    def video_frames_at(self, n_frames: int, *, first_frame: int = 0) -> npt.NDArray[np.int64]:
        """Index of the video frame shown at each frame, `(n_frames,)`."""
        return video_frame_indices(n_frames, stft=self.stft, rate_hz=VIDEO_RATE_HZ, first_frame=first_frame)

    def step(self, noisy: Tensor, mouth: Tensor, present: Tensor, state: StepState) -> tuple[Output, StepState]:
        """Enhance the next frames.

        Args:
            noisy: `(batch, 2, frames, freqs)` real and imaginary part.
            mouth: `(batch, frames, dim)` features of the video frame shown at each frame.
            present: `(batch, frames)` 1 where there is a video frame, else 0.
            state: from `initial_state`, or from the call before.
        """
        magnitude = noisy.square().sum(dim=1, keepdim=True).clamp_min(FLOOR**2).sqrt()
        x = self.bands.to_bands(torch.cat([magnitude**POWER, noisy * magnitude ** (POWER - 1)], dim=1))
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        convolutions, recurrent = list(state.convolutions), list(state.recurrent)
        for i, block in enumerate(self.before):
            x, convolutions[i] = block(x, convolutions[i])
        x, logit, gate = self._join(x, mouth, present, state.gate)
        for i, (mixer, block) in enumerate(zip(self.mixers, self.middle, strict=True)):
            x, recurrent[i] = block(mixer(x), recurrent[i])
        for i, block in enumerate(self.after, start=len(self.before)):
            x, convolutions[i] = block(x, convolutions[i])
        for layer, skip in zip(self.up, reversed(skips), strict=True):
            x = layer(x + skip)
        mask = self.bands.from_bands(torch.tanh(x[..., : self.bands.n_bands]))
        enhanced = apply_mask(noisy, mask)
        return Output(enhanced, logit, self.band_energy(mouth)), StepState(tuple(convolutions), tuple(recurrent), gate)

    @torch.inference_mode()
    def encode_video(
        self, motion: npt.NDArray[np.float32], state: MouthState | None
    ) -> tuple[npt.NDArray[np.float32], MouthState]:
        """As `avse.models.enhancing.CausalModel.encode_video`."""
        video_frames = torch.from_numpy(motion)[None].to(self._weights_device)
        features, state = self.video(video_frames, state or self.initial_video_state(1, video_frames))
        return features[0].cpu().numpy(), state

    @torch.inference_mode()
    def enhance_step(
        self,
        noisy: npt.NDArray[np.complex64],
        mouth: npt.NDArray[np.float32],
        present: npt.NDArray[np.bool_],
        state: StepState | None,
    ) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.float32], StepState]:
        """As `avse.models.enhancing.CausalModel.enhance_step`."""
        frames = torch.view_as_real(torch.from_numpy(noisy.T.copy())).permute(2, 0, 1)[None].to(self._weights_device)
        shown, where = (torch.from_numpy(a).float()[None].to(self._weights_device) for a in (mouth, present))
        output, state = self.step(frames, shown, where, state or self.initial_state(1, frames))
        enhanced = output.spectrum[0].permute(2, 1, 0).contiguous()
        return torch.view_as_complex(enhanced).cpu().numpy(), torch.sigmoid(output.gate_logit)[0].cpu().numpy(), state

    @property
    def _weights_device(self) -> torch.device:
        return next(self.parameters()).device

    def _join(self, x: Tensor, mouth: Tensor, present: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Let the mouth into the audio, as far as it is believed."""
        mouth = mouth * present[..., None]
        both = torch.cat([mouth, x.mean(dim=3).transpose(1, 2)], dim=-1)
        judged, state = remember(self.gate_gru, both, state)
        logit = self.gate_out(judged)[..., 0]
        trust = (torch.sigmoid(logit) * present)[..., None]
        scale = (trust * torch.tanh(self.scale(mouth))).transpose(1, 2)[..., None]
        shift = (trust * self.shift(mouth)).reshape(*mouth.shape[:2], -1, self.n_middle).transpose(1, 2)
        return x * (1 + scale) + shift, logit, state


def _resize(n_in: int, n_out: int, *, up: bool = False, last: bool = False) -> nn.Sequential:
    """Halve or double the number of bands."""
    kind = nn.ConvTranspose2d if up else nn.Conv2d
    layers = conv_block(kind, n_in, n_out, (1, 5), stride=(1, 2), padding=(0, 2))
    return nn.Sequential(*layers[: 1 if last else None])
