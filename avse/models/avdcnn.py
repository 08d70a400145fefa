"""AVDCNN: enhancement of speech from its noisy spectrum and the speaker's lips.

Hou, Wang, Lai, Tsao, Chang, Wang, "Audio-Visual Speech Enhancement Using Multimodal Deep Convolutional Neural
Networks", IEEE Trans. Emerging Topics in Computational Intelligence 2(2), 2018 (arXiv 1709.00944). The later
version with two outputs: enhanced speech (primary task) and reconstructed lip frames (secondary task).

The full text is not openly readable. Confirmed by later papers: individual CNNs for both streams, a
merged layer of 2804 neurons, fully connected layers, two outputs, loss MSE_audio + mu MSE_visual, the
noisy phase for the inverse transform, and random zeroing of one stream in training.

Unknown, and chosen here: filter counts and kernels (they give 1904 + 900 = 2804 features exactly), the
sizes of the layers behind the merged one, mu (1e-3 from the same laboratory's LAVSE), optimiser, dropout, and whether
the outputs are one frame or five (one, the middle frame).

Deviations:
    - Normalisation statistics slide over 3 s to each side instead of spanning the utterance: the same for a clip
      of up to 3 s, and bounded memory for an hour.
    - The audio head predicts the clean log power relative to those noisy statistics, so that a quiet recording
      gives the same result as a loud one.
    - With `residual`, the head's output is added to the noisy log power of the middle frame: the network
      learns what to change instead of copying what is good already.
    - With `lip_motion`, the lip frames are taken less their mean over the same 3 s, so that the network learns movement
      and not what the people of the training data look like: with the pictures as they are, the face of an unknown
      speaker did harm (`recipes/avdcnn/README.md`).
    - Frames at the ends are enhanced too; the context there repeats the end frame.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.nn.encoders.audio import SpectrumCNN
from avse.nn.encoders.pretrained import PictureTokens, PictureTokensConfig
from avse.nn.encoders.video import LipCNN, normalise_images
from avse.signal.normalise import sliding_contrast, sliding_mean_std
from avse.signal.stft import log_power

MIN_STD = 0.5
"""Least spread of a bin's natural log power that is normalised by (about 2 dB), against division by a constant."""
MIN_LIP_STD = 0.01
"""Least change of a pixel, of full scale 1, that is normalised by: a still picture stays near 0."""


@dataclass(frozen=True)
class AVDCNNConfig:
    """What is needed to build the network again."""

    sample_rate: int = 16000
    """Hz."""
    window: int = 512
    """Samples, 32 ms: 257 frequencies."""
    hop: int = 320
    """Samples, 20 ms: 50 frames a second."""
    context: int = 5
    """Frames seen at once, odd."""
    lip_height: int = 16
    """Pixels."""
    lip_width: int = 24
    """Pixels."""
    normalisation_radius: int = 150
    """Frames on each side over which mean and spread are taken (3 s)."""
    dropout: float = 0.1
    """Probability with which a neuron of the fully connected layers is dropped in training."""
    residual: bool = True
    """Add the head's output to the noisy log power."""
    lip_motion: bool = True
    """Show the lips' movement, each picture less the mean one; else each picture as it is, normalised by itself."""
    tokens: PictureTokensConfig | None = None
    """Read the lips by VATT's encoder of video, of these sizes, from their movement; None has the paper's CNN."""


class Estimate(NamedTuple):
    """What the network predicts for each frame."""

    log_power: Tensor
    """`(batch, freqs, frames)` clean natural log power in units of the noisy statistics."""
    lips: Tensor
    """`(batch, frames, channels, height, width)` the normalised lip frame."""


class Features(NamedTuple):
    """The normalised input, and what undoes the normalisation."""

    log_power: Tensor
    """`(batch, freqs, frames)` natural log power, mean 0 and standard deviation 1 in each bin."""
    mean: Tensor
    """`(batch, freqs, frames)`."""
    std: Tensor
    """`(batch, freqs, frames)`."""


class AVDCNN(nn.Module):
    """Audio CNN and visual CNN into a merged layer, fully connected layers, and two heads."""

    name: ClassVar[str] = "avdcnn"
    crop_size: ClassVar[tuple[int, int]] = (32, 48)

    def __init__(self, config: AVDCNNConfig, *, audio: nn.Module, video: nn.Module) -> None:
        """Join two encoders.

        Args:
            config: sizes and rates.
            audio: encoder of normalised log power, `(batch, freqs, frames)` in.
            video: encoder of lip frames, `(batch, frames, channels, height, width)` in.
        """
        super().__init__()
        self.config = config
        self.audio = audio
        self.video = video
        n_freqs = config.window // 2 + 1
        self.lip_shape = (3, config.lip_height, config.lip_width)
        self.merged_dim = int(audio.dim) + int(video.dim)  # type: ignore[arg-type]
        self.trunk = nn.Sequential(
            nn.Linear(self.merged_dim, 1000),
            nn.Sigmoid(),
            nn.Dropout(config.dropout),
            nn.Linear(1000, 800),
            nn.Sigmoid(),
            nn.Dropout(config.dropout),
        )
        self.audio_head = nn.Sequential(nn.Linear(800, 600), nn.Linear(600, n_freqs))
        self.video_head = nn.Sequential(nn.Linear(800, 1500), nn.Linear(1500, int(np.prod(self.lip_shape))))

    @classmethod
    def build(cls, config: AVDCNNConfig) -> "AVDCNN":
        """Build the network with the paper's own encoders."""
        frame_rate_hz = config.sample_rate / config.hop
        audio = SpectrumCNN(n_freqs=config.window // 2 + 1, context=config.context, frame_rate_hz=frame_rate_hz)
        if config.tokens:
            encoder = config.tokens.build()
            pictures = PictureTokens(encoder, frame_rate_hz=frame_rate_hz, fps=config.tokens.fps)
            return cls(config, audio=audio, video=pictures)
        video = LipCNN(
            height=config.lip_height,
            width=config.lip_width,
            context=config.context,
            frame_rate_hz=frame_rate_hz,
        )
        return cls(config, audio=audio, video=video)

    @staticmethod
    def config_of(**header: Any) -> AVDCNNConfig:
        """The configuration that a weights file's header holds."""
        return AVDCNNConfig(**{**header, "tokens": PictureTokensConfig.of(header.get("tokens"))})

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.config.sample_rate

    @property
    def window(self) -> int:
        """Samples in an analysis window."""
        return self.config.window

    @property
    def hop(self) -> int:
        """Samples between frames."""
        return self.config.hop

    @property
    def context_frames(self) -> int:
        """An output frame depends on input frames at most this far from it."""
        around = self.config.context // 2
        if isinstance(self.video, PictureTokens):
            around = max(around, self.video.reach)
        return self.config.normalisation_radius + around

    def features(self, spectrum: Tensor) -> Features:
        """Normalise a noisy spectrum.

        Args:
            spectrum: `(batch, freqs, frames)` complex.
        """
        noisy = log_power(spectrum)
        mean, std = sliding_mean_std(noisy, radius=self.config.normalisation_radius, min_std=MIN_STD)
        return Features((noisy - mean) / std, mean, std)

    def lips(self, crops: Tensor, present: Tensor) -> Tensor:
        """Shrink and normalise mouth crops to what the visual encoder reads.

        Args:
            crops: `(batch, frames, channels, height, width)` in [0, 1], at least the lips' size.
            present: `(batch, frames)` bool, False where no face was seen.

        Returns:
            `(batch, frames, channels, lip_height, lip_width)`, zero where no face was seen.
        """
        size = (self.config.lip_height, self.config.lip_width)
        small = F.adaptive_avg_pool2d(crops.flatten(0, 1), size).reshape(*crops.shape[:3], *size)
        if self.config.lip_motion:
            radius = self.config.normalisation_radius
            motion = sliding_contrast(small, present, radius=radius, min_std=MIN_LIP_STD)
            # Without the 1, no face would look like a mouth that does not move: like somebody who is silent.
            return (motion + 1) * present[:, :, None, None, None]
        return normalise_images(small) * present[:, :, None, None, None]

    def forward(self, noisy_log_power: Tensor, lips: Tensor) -> Estimate:
        """Predict the clean spectrum and the lip frames.

        Args:
            noisy_log_power: `(batch, freqs, frames)` from `features`.
            lips: `(batch, frames, channels, height, width)` from `lips`.
        """
        merged = torch.cat([self.audio(noisy_log_power), self.video(lips)], dim=-1)
        hidden = self.trunk(merged)
        clean = self.audio_head(hidden).transpose(1, 2)
        if self.config.residual:
            clean = clean + noisy_log_power
        return Estimate(clean, self.video_head(hidden).unflatten(-1, self.lip_shape))

    @torch.inference_mode()
    def estimate_spectrum(
        self,
        noisy: npt.NDArray[np.complex64],
        crops: npt.NDArray[np.uint8],
        present: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.complex64]:
        """Enhance a stretch of spectrum, as `avse.enhance.model.SpectralModel` says, with the phase of `noisy`."""
        device = next(self.parameters()).device
        spectrum = torch.from_numpy(np.ascontiguousarray(noisy))[None].to(device)
        pictures = torch.from_numpy(np.ascontiguousarray(crops))[None].to(device)
        features = self.features(spectrum)
        lips = self.lips(
            pictures.permute(0, 1, 4, 2, 3).float() / 255,
            torch.from_numpy(np.array(present))[None].to(device),
        )
        clean = self(features.log_power, lips).log_power
        # Noise only adds power on average, so a gain above 1 would more often than not amplify noise.
        log_gain = ((clean - features.log_power) * features.std / 2).clamp(max=0)
        enhanced: npt.NDArray[np.complex64] = (spectrum * log_gain.exp())[0].cpu().numpy()
        return enhanced
