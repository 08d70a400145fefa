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
      and not what the people of the training data look like: with the video frames as they are, the face of an unknown
      speaker did harm (`recipes/avdcnn/README.md`).
    - Frames at the ends are enhanced too; the context there repeats the end frame.
    - The gain never exceeds 1, the training target lies at most 30 dB below the noisy power, and the training loss is
      in natural log power, not in normalised units.
    - The second output is the normalised movement of the lips, not the lip frames, where `lip_motion` is on.

The configuration also builds what the network is compared with: audio or video-only, one output instead of two,
fully connected layers without the CNNs (AVDNN, after Hou et al. 2016), and fusion of the inputs (early) or of two
networks' answers (late). What the paper's own baselines looked like in detail is not known.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.models.avdcnn_config import AVDCNNConfig, check_config
from avse.nn.encoders.audio import SpectrumCNN
from avse.nn.encoders.flat import FlatWindows
from avse.nn.encoders.mouth import MouthCNN
from avse.nn.encoders.mouth_frames import MouthFrames
from avse.nn.encoders.pretrained import CropTokens, CropTokensConfig
from avse.nn.encoders.video import LipCNN, normalise_images
from avse.nn.layers import crops_to_frames
from avse.signal.normalise import sliding_contrast, sliding_mean_std
from avse.signal.stft import log_power
from avse.signal.stft_config import StftConfig

MIN_STD = 0.5
"""Least standard deviation of a bin's natural log power (about 2 dB), against division by a constant."""
MIN_LIP_STD = 0.01
"""Least change of a pixel, of full scale 1, that is normalised by: a still image stays near 0."""


class Estimate(NamedTuple):
    """What the network predicts for each frame."""

    log_power: Tensor
    """`(batch, freqs, frames)` clean natural log power in units of the noisy statistics."""
    lips: Tensor | None
    """`(batch, frames, channels, height, width)` the normalised lip frame; None from a network without that output."""


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

    def __init__(self, config: AVDCNNConfig, *, audio: nn.Module | None, video: nn.Module | None) -> None:
        """Join two encoders.

        Args:
            config: sizes and rates.
            audio: encoder of normalised log power, `(batch, freqs, frames)` in; None does not hear. With early fusion
                it reads the lips' pixels as further frequencies.
            video: encoder of lip frames, `(batch, frames, channels, height, width)` in; None does not see, or reads
                them by `audio`.
        """
        super().__init__()
        self.config = config
        self.audio = audio
        self.video = video
        n_freqs = config.stft.n_freqs
        self.lip_shape = (3, config.lip_height, config.lip_width)
        dims = [int(encoder.dim) for encoder in (audio, video) if encoder is not None]  # type: ignore[arg-type]
        self.is_late = config.fusion == "late"
        self.merged_dim = dims[0] if self.is_late else sum(dims)
        self.trunk = _trunk(self.merged_dim, config)
        width = config.hidden[1]
        self.audio_head = nn.Sequential(nn.Linear(width, 600), nn.Linear(600, n_freqs))
        if self.is_late:
            self.video_trunk = _trunk(dims[1], config)
            self.video_answer = nn.Sequential(nn.Linear(width, 600), nn.Linear(600, n_freqs))
            self.audio_weight = nn.Parameter(torch.zeros(n_freqs))
        self.video_head: nn.Module | None = None
        if config.lip_output and config.streams != "audio":
            self.video_head = nn.Sequential(nn.Linear(width, 1500), nn.Linear(1500, int(np.prod(self.lip_shape))))

    @classmethod
    def build(cls, config: AVDCNNConfig) -> "AVDCNN":
        """Build the network with the paper's own encoders, or with those that the configuration asks for.

        Raises:
            ConfigError: settings contradict each other.
        """
        check_config(config)
        n_freqs, frame_rate_hz = config.stft.n_freqs, config.stft.frame_rate_hz
        n_pixels = config.lip_height * config.lip_width
        shared: dict[str, Any] = {"context": config.context, "frame_rate_hz": frame_rate_hz}
        audio: nn.Module | None = None
        video: nn.Module | None = None
        if config.fusion == "early":
            return cls(config, audio=SpectrumCNN(n_freqs=n_freqs + n_pixels, **shared), video=None)
        if config.streams != "video":
            audio = FlatWindows(n_freqs, **shared)
            if config.encoders == "cnn":
                audio = SpectrumCNN(n_freqs=n_freqs, **shared)
        if config.streams != "audio":
            video = FlatWindows(3 * n_pixels, **shared)
            if config.tokens:
                encoder = config.tokens.build()
                video = CropTokens(encoder, frame_rate_hz=frame_rate_hz, fps=config.tokens.fps)
            elif config.mouth_widths:
                size = {"height": config.lip_height, "width": config.lip_width}
                mouth = MouthCNN(**size, dim=config.mouth_dim, widths=config.mouth_widths)
                video = MouthFrames(mouth, frame_rate_hz=frame_rate_hz)
            elif config.encoders == "cnn":
                video = LipCNN(height=config.lip_height, width=config.lip_width, **shared)
        return cls(config, audio=audio, video=video)

    @staticmethod
    def config_of(**header: Any) -> AVDCNNConfig:
        """The configuration that a weights file's header holds."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in header.items()
        }
        return AVDCNNConfig(**{**given, "tokens": CropTokensConfig.of(header.get("tokens"))})

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio."""
        return self.config.stft

    @property
    def context_frames(self) -> int:
        """An output frame depends on input frames at most this far from it."""
        around = self.config.context // 2
        if isinstance(self.video, CropTokens | MouthFrames):
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
        seen = _middle(crops, self.config.lip_region)
        small = F.adaptive_avg_pool2d(seen.flatten(0, 1), size).reshape(*crops.shape[:3], *size)
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
        clean, hidden = self._answer(noisy_log_power, lips)
        shown = None if self.video_head is None else self.video_head(hidden).unflatten(-1, self.lip_shape)
        return Estimate(clean, shown)

    def _answer(self, noisy_log_power: Tensor, lips: Tensor) -> tuple[Tensor, Tensor]:
        """The clean log power, and the hidden features that the lip frames are predicted from."""
        if self.is_late:
            clean, hidden = self._late(noisy_log_power, lips)
        else:
            hidden = self.trunk(self._encode(noisy_log_power, lips))
            clean = self.audio_head(hidden)
        clean = clean.transpose(1, 2)
        return clean + noisy_log_power if self.config.residual else clean, hidden

    def _encode(self, noisy_log_power: Tensor, lips: Tensor) -> Tensor:
        """The merged layer, `(batch, frames, merged_dim)`."""
        if self.config.fusion == "early" and self.audio is not None:
            rows = lips.mean(dim=2).flatten(2).transpose(1, 2)
            joined: Tensor = self.audio(torch.cat([noisy_log_power, rows], dim=1))
            return joined
        features = [] if self.audio is None else [self.audio(noisy_log_power)]
        if self.video is not None:
            features.append(self.video(lips))
        return torch.cat(features, dim=-1)

    def _late(self, noisy_log_power: Tensor, lips: Tensor) -> tuple[Tensor, Tensor]:
        """The answer of both networks together, and what the one that sees has seen."""
        assert self.audio is not None
        assert self.video is not None
        audio_estimate = self.audio_head(self.trunk(self.audio(noisy_log_power)))
        seen = self.video_trunk(self.video(lips))
        weight = torch.sigmoid(self.audio_weight)
        return weight * audio_estimate + (1 - weight) * self.video_answer(seen), seen

    @torch.inference_mode()
    def estimate_spectrum(
        self,
        noisy: npt.NDArray[np.complex64],
        crops: npt.NDArray[np.uint8],
        present: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.complex64]:
        """Enhance a stretch of spectrum, as `avse.models.enhancing.SpectralModel` says, with the phase of `noisy`."""
        device = next(self.parameters()).device
        spectrum = torch.from_numpy(np.ascontiguousarray(noisy))[None].to(device)
        video_frames = torch.from_numpy(np.ascontiguousarray(crops))[None].to(device)
        features = self.features(spectrum)
        lips = self.lips(
            crops_to_frames(video_frames),
            torch.from_numpy(np.array(present))[None].to(device),
        )
        clean, _ = self._answer(features.log_power, lips)  # nobody asks for the lip frames
        # Noise only adds power on average, so a gain above 1 would more often than not amplify noise.
        log_gain = ((clean - features.log_power) * features.std / 2).clamp(max=0)
        enhanced: npt.NDArray[np.complex64] = (spectrum * log_gain.exp())[0].cpu().numpy()
        return enhanced


def _trunk(n_in: int, config: AVDCNNConfig) -> nn.Sequential:
    """The fully connected layers behind the merged one."""
    first, second = config.hidden
    layers: list[nn.Module] = []
    for dim, width in ((n_in, first), (first, second)):
        layers += [nn.Linear(dim, width), nn.Sigmoid(), nn.Dropout(config.dropout)]
    return nn.Sequential(*layers)


def _middle(crops: Tensor, share: float) -> Tensor:
    """The middle of video frames `(..., height, width)`: a share of the height and of the width."""
    height, width = crops.shape[-2:]
    rows, columns = (max(1, round(share * size)) for size in (height, width))
    top, left = (height - rows) // 2, (width - columns) // 2
    return crops[..., top : top + rows, left : left + columns]
