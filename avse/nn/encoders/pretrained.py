"""Encoders of tokens inside other models: what VATT has learned on videos, at the start of something else."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.nn.encoders.mouth import MouthEncoder
from avse.nn.encoders.movement import around_grey
from avse.nn.encoders.tokens import TokenEncoder, VideoTokens, WaveformTokens
from avse.nn.transformer import SIZES, Transformer

AUDIO_SIZE, AUDIO_PATCH, AUDIO_POSITIONS = "tiny", 128, 120
"""Transformer, samples of a token and tokens of the audio encoder that `egs/grid_vatt` trains."""
LOUDNESS = 0.1
"""Of a series of standard deviation 1, as an audio signal."""


@dataclass(frozen=True)
class CropTokensConfig:
    """A VATT's video encoder, as another model holds it."""

    size: str = "tiny"
    """Of the transformer."""
    patch: tuple[int, int, int] = (4, 16, 16)
    """Frames, rows and columns of a token."""
    grid: tuple[int, int, int] = (6, 2, 3)
    """Tokens along time, height and width that it was trained with."""
    fps: float = 25.0
    """Video frames a second."""

    @staticmethod
    def of(header: dict[str, object] | None) -> "CropTokensConfig | None":
        """From what a weights file's header holds."""
        if header is None:
            return None
        lists = {name: tuple(value) if isinstance(value, list) else value for name, value in header.items()}
        return CropTokensConfig(**lists)  # type: ignore[arg-type]

    def build(self) -> TokenEncoder:
        """The encoder, new."""
        transformer = Transformer(SIZES[self.size])
        return TokenEncoder(VideoTokens(transformer.dim, patch=self.patch, grid=self.grid, fps=self.fps), transformer)


class CropTokens(nn.Module):
    """A vector for each video frame: the [AGG] token of the few video frames around it that make one token."""

    def __init__(self, encoder: TokenEncoder, *, frame_rate_hz: float, fps: float) -> None:
        """Set up.

        Args:
            encoder: of video.
            frame_rate_hz: of the frames that it is given, in which a video frame may come more than once.
            fps: video frames a second that it was trained with.
        """
        super().__init__()
        self.encoder, self.dim, self.frame_rate_hz = encoder, encoder.dim, frame_rate_hz
        assert isinstance(encoder.tokens, VideoTokens)
        self.n_video_frames, self.step = encoder.tokens.patch[0], max(1, round(frame_rate_hz / fps))
        self.reach = self.step * (self.n_video_frames // 2)
        """Frames before and after one that it depends on."""

    def forward(self, frames: Tensor) -> Tensor:
        """Encode video frames.

        Args:
            frames: `(batch, time, 3, height, width)`, movement plus 1 as AVDCNN makes it; all 0 where there is none.

        Returns:
            `(batch, time, dim)`; a frame knows of half a token's video frames before and after it.
        """
        batch, time = frames.shape[:2]
        where = self.step * (torch.arange(self.n_video_frames, device=frames.device) - self.n_video_frames // 2)
        around = (torch.arange(time, device=frames.device)[:, None] + where).clamp(0, time - 1)
        video_frames = around_grey(frames - 1)
        features: Tensor = self.encoder.clip(video_frames[:, around].flatten(0, 1))
        return features.reshape(batch, time, self.dim)


class MouthTokens(MouthEncoder):
    """A transformer over the tokens of each video frame.

    A video frame's movement tells it and the one before, less the mean look: both are had back from it, in grey.
    """

    def __init__(self, encoder: TokenEncoder, *, dim: int) -> None:
        """Set up.

        Args:
            encoder: of video.
            dim: features a video frame.
        """
        super().__init__(dim=dim)
        assert isinstance(encoder.tokens, VideoTokens)
        self.n_video_frames = encoder.tokens.patch[0]
        self.encoder, self.project = encoder, nn.Linear(encoder.dim, dim)

    def each(self, frames: Tensor) -> Tensor:
        """As `MouthEncoder.each`: `(frames, channels, height, width)` to `(frames, dim)`."""
        now, change = frames[:, :1], frames[:, 1:2]
        pair = torch.stack([now - change, now], dim=1).expand(-1, -1, 3, -1, -1)
        video_frames = around_grey(pair).repeat_interleave(self.n_video_frames // 2, dim=1)
        features: Tensor = self.project(self.encoder.clip(video_frames))
        return features


class SeriesTokens(nn.Module):
    """As `SeriesCNN`: each channel by itself through the encoder of audio, stretched so that a frame is a token."""

    def __init__(
        self, n_channels: int, *, rate_hz: float, dim: int = 64, n_halvings: int = 3, dropout: float = 0.2
    ) -> None:
        """As `SeriesCNN`."""
        super().__init__()
        transformer = Transformer(SIZES[AUDIO_SIZE])
        tokens = WaveformTokens(transformer.dim, patch=AUDIO_PATCH, n_positions=AUDIO_POSITIONS, rate_hz=rate_hz)
        self.encoder = TokenEncoder(tokens, transformer)
        self.dim, self.n_samples = dim, 2**n_halvings
        self.frame_rate_hz = rate_hz / self.n_samples
        self.project = nn.Sequential(nn.Linear(n_channels * transformer.dim, dim), nn.Dropout(dropout))

    def forward(self, series: Tensor) -> Tensor:
        """As `SeriesCNN.forward`: `(batch, channels, time)` to `(batch, frames, dim)`."""
        batch, n_channels, time = series.shape
        n_frames = -(-time // self.n_samples)
        stretched = F.interpolate(
            series.flatten(0, 1)[:, None], size=n_frames * self.encoder.tokens.patch, mode="linear"
        )[:, 0]
        frames = self.encoder(LOUDNESS * stretched).reshape(batch, n_channels, n_frames, -1)
        features: Tensor = self.project(frames.transpose(1, 2).flatten(2))
        return features
