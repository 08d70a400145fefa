"""Sizes and choices of AVDCNN."""

from dataclasses import dataclass
from typing import Literal

from avse.errors import ConfigError
from avse.nn.encoders.pretrained import CropTokensConfig
from avse.signal.stft_config import StftConfig


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
    """Frames on each side over which mean and standard deviation are taken (3 s)."""
    dropout: float = 0.1
    """Probability with which a neuron of the fully connected layers is dropped in training."""
    residual: bool = True
    """Add the head's output to the noisy log power."""
    lip_motion: bool = True
    """Show the lips' movement, each frame less the mean one; else each frame as it is, normalised by itself."""
    streams: Literal["both", "audio", "video"] = "both"
    """What the network is given: audio and video, or one of them."""
    fusion: Literal["merged", "early", "late"] = "merged"
    """Where the streams meet: in the merged layer, as the paper has it; in the input, the lips grey and as further rows
    of the spectrum; or in the answer, a weighted mean of two networks', with a weight learnt for each frequency."""
    encoders: Literal["cnn", "none"] = "cnn"
    """The paper's CNNs, or the windows of the input as they are, for a network of fully connected layers (AVDNN)."""
    hidden: tuple[int, int] = (1000, 800)
    """Neurons of the fully connected layers behind the merged one."""
    lip_output: bool = True
    """Predict the lip frames beside the spectrum; networks that do not see never do."""
    lip_region: float = 1.0
    """Share of the mouth crop's height and width that is seen, around its middle; above 0, at most 1."""
    tokens: CropTokensConfig | None = None
    """Read the lips by VATT's encoder of video, of these sizes, from their movement; None has the paper's CNN."""
    mouth_widths: tuple[int, int, int] | None = None
    """Read the lips by the mouth encoder of the live model or the cue network, with these channels of its convolutions
    and lip frames of 32 x 48; None has the paper's CNN."""
    mouth_dim: int = 64
    """Features of that encoder."""

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio."""
        return StftConfig(window=self.window, hop=self.hop, sample_rate=self.sample_rate)


def check_config(config: AVDCNNConfig) -> None:
    """Validate that a network's settings go together.

    Raises:
        ConfigError: they do not.
    """
    if config.streams != "both" and config.fusion != "merged":
        raise ConfigError(
            f"{config.fusion} fusion must have both streams but has {config.streams} alone; set streams to both"
        )
    if not 0 < config.lip_region <= 1:
        raise ConfigError(f"lip_region must be above 0 and at most 1 but is {config.lip_region}; correct it")
    if config.encoders == "none" and (config.fusion == "early" or config.tokens):
        raise ConfigError("encoders none must go without early fusion and tokens but does not; leave one of them out")
