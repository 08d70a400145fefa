"""What a run of this recipe is made of."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.models.lip_cue import LipCueConfig
from avse.training.loop_config import LoopConfig


@dataclass(frozen=True)
class ExampleConfig:
    """How examples are made. Probabilities are in [0, 1]."""

    n_frames: int = 64
    """Video frames of an example, 2.6 s: clips of one person joined until they suffice."""
    max_earlier_frames: int = 60
    """Frames before the example that the motion has seen already, drawn from 0 to this: recordings do not begin again
    every 3 s."""
    n_examples: int = 960
    """Examples of an epoch."""
    clip_weight: float = 0.3
    """A person with n clips is drawn in proportion to n to this power: 0 draws all people alike, 1 all clips."""
    warped_probability: float = 0.4
    """Chance of a still mouth warped to say a sentence of the speech corpus, in place of a talking face."""
    silent_probability: float = 0.15
    """Chance of a mouth that does not speak (a still, or one that chews) while somebody else is heard."""
    speed: tuple[float, float] = (0.85, 1.2)
    """Range of the speed that video and audio are played at."""
    blur_probability: float = 0.3
    """Chance of a blurred mouth."""
    small_probability: float = 0.4
    """Chance of a mouth seen in fewer pixels, down to a fourth: about 8 to 12 pixels wide."""
    covered_probability: float = 0.12
    """Chance that something covers part of the mouth for part of the time."""
    dropped_probability: float = 0.25
    """Chance that single frames, or a stretch, are missing."""
    held_probability: float = 0.15
    """Chance that frames are held, as at 12 frames per second."""
    shaken_pixels: float = 0.5
    """Largest standard deviation of the crop's wander, pixels."""
    noise_only_probability: float = 0.06
    """Chance that an example's audio is noise alone."""
    snr_db: tuple[float, float] = (-5.0, 30.0)
    """Range of the SNR that the audio side hears."""
    clean_probability: float = 0.25
    """Chance of audio as it was recorded."""


@dataclass(frozen=True)
class LossConfig:
    """Weights of the parts of the loss."""

    activity: float = 1.0
    """Of the cross entropy of voice activity."""
    bands: float = 8.0
    """Of the mean squared error of the bands."""
    correlation: float = 0.5
    """Of what loudness over time lacks of a correlation of 1."""
    match: float = 0.5
    """Of the cross entropy of own against other audio, one by one."""
    choice: float = 0.25
    """Of the cross entropy of the own among all audio of the batch, and among times."""
    min_window: int = 25
    """Frames; evidence is summed over windows of random length from this to the whole example."""
    min_shift: int = 5
    """Frames, 0.2 s: audio shifted by at least so much is another's."""
    max_shift: int = 25
    """Frames."""


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    folder: Path
    """Where weights, log and resolved configuration go; an unfinished run there is resumed."""
    sources: Path
    """Folder that `python -m recipes.lip_cue.cue_sources` wrote, or of a corpus that `python -m recipes.pack` packed
    with crops: then nothing is held in memory."""
    crops: Path | None = None
    """Folder of mouth crops, from the crops stage; none for a packed corpus."""
    unseen: tuple[str, ...] = ("s25", "s27", "crema1001")
    """Speakers of the validation split that training has not seen: the best state is kept by them."""
    model: LipCueConfig = field(default_factory=LipCueConfig)
    """The network."""
    examples: ExampleConfig = field(default_factory=ExampleConfig)
    """The examples."""
    loss: LossConfig = field(default_factory=LossConfig)
    """What is minimised."""
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            n_epochs=10, batch_size=16, learning_rate=2e-3, warmup_steps=50, precision="32-true",
            validate_every_epochs=1, checkpoint_every_steps=25, ema_decay=0.98,
        )
    )  # fmt: skip
    """The training."""
