"""What a training of this recipe is made of."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.training.loop_config import LoopConfig


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network; the modalities come from the drives."""

    encoder: str = "cnn"
    """Of each modality: `cnn`, `gru`, `transformer`, or `tokens`, VATT's encoder of audio."""
    dim: int = 32
    """Features of each modality's frames."""
    lstm_dim: int = 48
    """Width of the LSTM."""
    n_layers: int = 2
    """LSTM layers; the paper has two."""
    dropout: float = 0.3
    """Share dropped in training."""


@dataclass(frozen=True)
class AugmentConfig:
    """What is done to training sequences, so that no driver's own level is memorised."""

    offset: float = 0.6
    """Standard deviation of a shift of each channel, in its own standard deviations."""
    gain_db: float = 2.0
    """Standard deviation of a gain on each channel."""
    modality_dropout: float = 0.15
    """Chance that a modality is missing in a sequence, so that the network can do without; one always stays."""


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    folder: Path
    """Where weights, log and resolved configuration go; an unfinished run there is resumed."""
    drives: Path
    """Folder of drives, from the preparation."""
    pretrained: Path | None = None
    """Weights of a VATT whose encoder of audio the network's encoders begin with; they must be `tokens`."""
    leave_out: tuple[str, ...] = ()
    """Drivers that the training must not see."""
    modalities: tuple[str, ...] = ()
    """Those to use; all by default."""
    window_s: int = 30
    """Seconds for which there is one answer."""
    context_s: int = 300
    """How far back the network looks. No further, for all of drivedb's drivers take one route: a network that saw the
    start of the drive could count minutes in place of judging people."""
    calibration_s: int = 0
    """The second protocol: means over so many seconds at a drive's start, at rest, are taken from its channels."""
    n_sequences: int = 320
    """Sequences an epoch."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Of the training sequences."""
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            n_epochs=15,
            batch_size=16,
            learning_rate=3e-3,
            warmup_steps=20,
            precision="32-true",
            validate_every_epochs=15,
            checkpoint_every_steps=1000,
        )
    )
    """The training."""
