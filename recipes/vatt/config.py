"""What a training of this recipe is made of."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.errors import ConfigError
from avse.models.vatt import VATTConfig
from avse.training.loop_config import LoopConfig


@dataclass(frozen=True)
class AugmentConfig:
    """What is done to training clips; the defaults are the paper's."""

    area: tuple[float, float] = (0.08, 1.0)
    """Share of the video that a crop keeps, from and to."""
    aspect: tuple[float, float] = (0.5, 2.0)
    """Width to height of a crop, from and to, as a multiple of the video's; it is stretched to the clip's."""
    flip_probability: float = 0.5
    """Left and right change places."""
    brightness: float = 32 / 255
    """Largest shift."""
    contrast: float = 0.4
    """Largest change, as a share."""
    saturation: float = 0.4
    """Largest change, as a share."""
    hue: float = 0.2
    """Largest turn, in turns."""
    noises: Path | None = None
    """Manifest whose training noises are mixed into the audio, in every second window; the paper has none."""
    noise_snr_db: tuple[float, float] = (-5.0, 15.0)
    """dB of speech over those noises, from and to."""
    gain_db: float = 0.0
    """Largest change of the audio's level; the paper has none."""
    noise: float = 0.0
    """Standard deviation of noise in the audio, as a share of its peak; the official code has 0.01."""


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    folder: Path
    """Where weights, log and resolved configuration go; an unfinished run there is resumed."""
    shards: Path
    """Folder with `train` and `valid`, from `recipes.vatt.shards`."""
    n_windows: int = 1
    """Windows of each clip in a batch. With more than one, a network is asked which moment of a clip it hears, and
    knowing the person, the light or the room does not answer that; the paper has one."""
    n_texts: int = 5
    """Texts of a window, any of which may be the right one (MIL)."""
    n_valid: int = 256
    """Clips that validation retrieves among."""
    keep_decoded: bool = False
    """Keep decoded clips in memory, in each of the processes that read them: for a corpus that is small."""
    model: VATTConfig = field(default_factory=VATTConfig)
    """The network."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Of training clips."""
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            learning_rate=1e-4,
            final_learning_rate=5e-5,
            schedule="quarter-cosine",
            warmup_steps=10_000,
        )
    )
    """The training, by the paper's schedule."""

    def __post_init__(self) -> None:
        """Validate that the numbers make sense.

        Raises:
            ConfigError: one does not.
        """
        for name in ("n_windows", "n_texts", "n_valid"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more but is {getattr(self, name)}; raise it")
