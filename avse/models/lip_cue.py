"""Lips to cue: what a moving mouth says of the speech that belongs to it, and whether given audio does belong to it.

The video side reads mouth motion and predicts the speech cue (`avse.signal.speech_cue`), and an embedding per video
frame; the audio side gives an embedding of (perhaps noisy) audio at the same rate. The dot product of both is trained
to be the frame's log-likelihood ratio of "this mouth says this" against "it does not", so that a span's ratio is
their sum: correspondence is evidence that adds up, with 0 for knowing nothing. Contrastive training after SyncNet
(Chung and Zisserman, "Out of time: automated lip sync in the wild", ACCV workshop 2016), with frame-wise evidence in
place of one distance per clip.

Deviations: mouths of 32 x 48 pixels, motion in place of grey values, 25 Hz embeddings by causal recurrent encoders,
negatives within the batch and shifted in time, a cross entropy in place of a margin.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from avse.nn.encoders.mouth import MouthCNN, MouthEncoder, MouthState
from avse.nn.encoders.pretrained import CropTokensConfig, MouthTokens
from avse.nn.encoders.voice import VoiceEncoder
from avse.signal.speech_cue import CUE_DIM, CUE_RATE_HZ
from avse.types import FloatArray


@dataclass(frozen=True)
class LipCueConfig:
    """What is needed to build the network again."""

    video_dim: int = 64
    """Features of the mouth."""
    audio_dim: int = 64
    """Features of the audio."""
    embedding_dim: int = 32
    """Of both embeddings."""
    widths: tuple[int, int, int] = (12, 24, 40)
    """Channels of the mouth's convolutions."""
    tokens: CropTokensConfig | None = None
    """Read the mouth by VATT's encoder of video, of these sizes; None has a CNN."""


class VideoOutput(NamedTuple):
    """What the video side gives."""

    cue_logits: Tensor
    """`(batch, frames, CUE_DIM)`; the sigmoid is the cue."""
    embedding: Tensor
    """`(batch, frames, embedding_dim + 1)`; the last one meets the audio's constant 1."""


class LipCue(nn.Module):
    """Both sides."""

    name: ClassVar[str] = "lip_cue"
    crop_size: ClassVar[tuple[int, int]] = (32, 48)
    video_rate_hz: ClassVar[float] = CUE_RATE_HZ

    def __init__(self, config: LipCueConfig) -> None:
        """Set up; `config` holds the sizes."""
        super().__init__()
        self.config = config
        height, width = self.crop_size
        self.video: MouthEncoder = (
            MouthTokens(config.tokens.build(), dim=config.video_dim)
            if config.tokens
            else MouthCNN(height=height, width=width, dim=config.video_dim, widths=config.widths)
        )
        self.cue = nn.Linear(config.video_dim, CUE_DIM)
        self.video_embedding = nn.Linear(config.video_dim, config.embedding_dim + 1)
        self.voice = VoiceEncoder(dim=config.audio_dim)
        self.voice_embedding = nn.Linear(config.audio_dim, config.embedding_dim)

    @classmethod
    def build(cls, config: LipCueConfig) -> "LipCue":
        """Build the network."""
        return cls(config)

    @staticmethod
    def config_of(**header: Any) -> LipCueConfig:
        """The configuration that a weights file's header holds."""
        widths = tuple(header.get("widths", LipCueConfig.widths))
        return LipCueConfig(**{**header, "widths": widths, "tokens": CropTokensConfig.of(header.get("tokens"))})

    def watch_step(self, motion: Tensor, state: MouthState) -> tuple[VideoOutput, MouthState]:
        """Take the next video frames.

        Args:
            motion: `(batch, frames, 2, height, width)` as `avse.signal.motion` makes it, 0 where there is no face.
            state: from `initial_video_state`, or from the call before.
        """
        features, state = self.video(motion, state)
        return VideoOutput(self.cue(features), self.video_embedding(features)), state

    def listen_step(self, features: Tensor, state: MouthState) -> tuple[Tensor, MouthState]:
        """Take the next frames of audio.

        Args:
            features: `(batch, frames, N_FEATURES)` as `avse.signal.voice_features` makes them.
            state: from `initial_audio_state`, or from the call before.

        Returns:
            `(batch, frames, embedding_dim + 1)`, the last one 1, and the new state.
        """
        encoded, state = self.voice(features, state)
        embedding = self.voice_embedding(encoded)
        return torch.cat([embedding, torch.ones_like(embedding[..., :1])], dim=-1), state

    def initial_video_state(self, batch: int, like: Tensor) -> MouthState:
        """The state before the first video frame; `like`, `(...)`, gives the device and the number type."""
        return self.video.initial_state(batch, like)

    def initial_audio_state(self, batch: int, like: Tensor) -> MouthState:
        """As `initial_video_state`, before the first frame of audio."""
        return self.voice.initial_state(batch, like)

    def forward(self, motion: Tensor, features: Tensor) -> tuple[VideoOutput, Tensor]:
        """Both sides of whole recordings, for training; arguments as of `watch_step` and `listen_step`."""
        video, _ = self.watch_step(motion, self.initial_video_state(len(motion), motion))
        audio, _ = self.listen_step(features, self.initial_audio_state(len(features), features))
        return video, audio

    @torch.inference_mode()
    def watch(self, motion: FloatArray, state: MouthState | None) -> tuple[FloatArray, FloatArray, MouthState]:
        """As `watch_step` in numpy, without the batch: cue `(frames, CUE_DIM)` in [0, 1], embedding, new state."""
        frames = torch.from_numpy(motion)[None].to(next(self.parameters()).device)
        output, state = self.watch_step(frames, state or self.initial_video_state(1, frames))
        return torch.sigmoid(output.cue_logits)[0].cpu().numpy(), output.embedding[0].cpu().numpy(), state

    @torch.inference_mode()
    def listen(self, features: FloatArray, state: MouthState | None) -> tuple[FloatArray, MouthState]:
        """As `listen_step` in numpy, without the batch: embedding `(frames, dim)` and new state."""
        frames = torch.from_numpy(features)[None].to(next(self.parameters()).device)
        embedding, state = self.listen_step(frames, state or self.initial_audio_state(1, frames))
        return embedding[0].cpu().numpy(), state
