"""What the runs of this recipe are made of."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.data.channel import ChannelConfig
from avse.data.cue_errors import CueErrorConfig
from avse.data.voices import VoiceMixConfig
from avse.errors import ConfigError
from avse.models.gtcrn import GtcrnConfig
from avse.models.steered import SteeredConfig
from avse.training.loop_config import LoopConfig
from recipes.steered.loss_config import LossConfig


def steering_mix() -> VoiceMixConfig:
    """Mixtures for the steering: mostly of talkers, at any level."""
    return VoiceMixConfig(
        talker_probability=0.65,
        max_talkers=3,
        talker_snr_db_min=-6.0,
        talker_snr_db_max=12.0,
        same_voice_probability=0.15,
        silence_probability=0.3,
    )


@dataclass(frozen=True, kw_only=True)
class VoiceTrainConfig:
    """What every training of this recipe needs."""

    folder: Path
    """Where weights, log and resolved configuration go; an unfinished run there is resumed."""
    manifest: Path
    """Manifest of all recordings, from the manifest stage."""
    audio: Path
    """Folder of the recordings as 16-bit samples; what is missing there is decoded first."""
    responses: Path = Path("rir")
    """Folder of measured room responses in the data pack."""
    n_valid: int = 48
    """Fixed mixtures of 4 s that the weights are chosen by; half of a steering's with competing talkers."""
    mix: VoiceMixConfig = field(default_factory=VoiceMixConfig)
    """The mixtures."""
    channel: ChannelConfig = field(default_factory=lambda: ChannelConfig(level_db_min=-45.0))
    """Rooms, microphones and lines."""
    loss: LossConfig = field(default_factory=LossConfig)
    """What is made small."""
    loop: LoopConfig = field(default_factory=LoopConfig)
    """The training."""


@dataclass(frozen=True, kw_only=True)
class CoreTrainConfig(VoiceTrainConfig):
    """Training of the audio core."""

    start_from: Path | None = None
    """Weights of the same network to begin with; it may have more blocks than they."""
    n_valid: int = 60
    """Fixed mixtures of 4 s that the weights are chosen by."""
    model: GtcrnConfig = field(default_factory=GtcrnConfig)
    """The network."""


@dataclass(frozen=True, kw_only=True)
class CuedTrainConfig(VoiceTrainConfig):
    """What a training of the steering needs."""

    wrong_cue_probability: float = 0.15
    """Chance that the cue is of a voice that is not in the audio, in [0, 1]."""
    harm: float = 1.0
    """Weight, 0 or more, of the loss above that of the audio-only output, in the examples in which steering makes it
    larger."""
    errors: CueErrorConfig = field(default_factory=CueErrorConfig)
    """How cues are spoiled."""


@dataclass(frozen=True, kw_only=True)
class SteeringTrainConfig(CuedTrainConfig):
    """Training of the steering, beside a core that stays as it is."""

    core: Path
    """Weights of the audio core."""
    start_from: Path | None = None
    """Weights of a whole network to begin with: those of its steering that have the same names and shapes."""
    model: SteeredConfig = field(default_factory=SteeredConfig)
    """The network; the sizes of its core are those of `core`."""
    mix: VoiceMixConfig = field(default_factory=steering_mix)
    """The mixtures."""


@dataclass(frozen=True, kw_only=True)
class JointTrainConfig(CuedTrainConfig):
    """Training of core and steering at once; `mix` and `loss` are the core's."""

    start_from: Path | None = None
    """Weights of a whole network to begin with; it may have more blocks than they, and recurrent weights."""
    model: SteeredConfig = field(default_factory=SteeredConfig)
    """The network."""
    n_plain: int = 2
    """Core mixtures for each steering mixture, 1 or more; `loop.batch_size` counts the steering's."""
    steering_mix: VoiceMixConfig = field(default_factory=steering_mix)
    """The steering's, as long as the core's."""
    loss: LossConfig = field(default_factory=lambda: LossConfig(disturbance=0.7))
    """What is made small of the core's output."""
    steering_loss: LossConfig = field(default_factory=lambda: LossConfig(disturbance=0.5, snr=0.15))
    """What is made small of the steered output."""
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(precision="32-true"))
    """The training."""

    def __post_init__(self) -> None:
        """Validate what the program can do.

        Raises:
            ConfigError: it cannot.
        """
        if not 1 <= self.n_plain <= self.mix.examples_per_epoch:
            raise ConfigError(
                f"n_plain must be 1 to mix.examples_per_epoch, {self.mix.examples_per_epoch}, but is {self.n_plain}; "
                "change it"
            )
        if self.loop.precision != "32-true" or self.loop.sharded:
            raise ConfigError(
                "loop.precision must be 32-true and loop.sharded false, for the core runs outside the whole network, "
                f"but they are {self.loop.precision} and {self.loop.sharded}; correct them"
            )
