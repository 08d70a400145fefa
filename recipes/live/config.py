"""What a run of this recipe is made of."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.data.channel import ChannelConfig
from avse.data.mix_config import MixConfig
from avse.models.live import LiveConfig
from avse.training.loop_config import LoopConfig


@dataclass(frozen=True)
class LossConfig:
    """Weights of what is made small."""

    magnitude: float = 7.0
    """Of the error of compressed magnitudes; to the next as 7 to 3, as in GTCRN."""
    phase: float = 3.0
    """Of the error of compressed real and imaginary parts."""
    si_sdr: float = 0.1
    """Of each dB of SI-SDR that is missing."""
    band_energy: float = 0.5
    """Of the error of the bands' loudness as the mouth alone predicts it."""
    gate: float = 0.5
    """Of the cross entropy of the gate, which tells whether the mouth is the speaker's."""


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    folder: Path
    """Where weights, log and resolved configuration go; an unfinished run there is resumed."""
    manifest: Path
    """Manifest of all recordings, from the manifest stage."""
    crops: Path
    """Folder of mouth crops, from the crops stage."""
    pretrained: Path | None = None
    """Weights of a VATT whose encoder of video the network begins with; `model.tokens` must be of its sizes."""
    start_from: Path | None = None
    """Weights of the same network to begin with, such as those of a training that this one continues from."""
    n_joined_clips: int = 1
    """Clips of one speaker joined end to end to make a training video: states that run over time must see more of it
    than the few seconds that the clips of a corpus last."""
    n_audio_only: int = 400
    """Sentences without video among each epoch's targets, so that unseen voices are known too."""
    n_valid_audio_only: int = 32
    """The same in validation."""
    responses: Path = Path("rir")
    """Folder of measured room responses in the data pack."""
    model: LiveConfig = field(default_factory=LiveConfig)
    """The network."""
    mix: MixConfig = field(
        default_factory=lambda: MixConfig(
            n_samples=38400,
            clear_probability=0.12,
            talker_probability=0.55,
            max_talkers=3,
            speed_probability=0.6,
            jitter_s=0.12,
            late_probability=0.05,
            frozen_probability=0.05,
            covered_probability=0.1,
            stranger_probability=0.3,
            same_voice_probability=0.2,
            video_zero_probability=0.15,
            video_gap_probability=0.15,
            audio_zero_probability=0.0,
            other_mouth_probability=0.15,
        )
    )
    """The examples."""
    channel: ChannelConfig = field(default_factory=ChannelConfig)
    """Rooms, microphones and lines."""
    loss: LossConfig = field(default_factory=LossConfig)
    """What is made small."""
    loop: LoopConfig = field(default_factory=LoopConfig)
    """The training."""
