"""What a run of this recipe is made of."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.data.mix_config import MixConfig
from avse.models.avdcnn_config import AVDCNNConfig
from avse.training.loop_config import LoopConfig


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
    mu: float = 1e-3
    """Weight of the lip frames' error beside the spectrum's. LAVSE's value; AVDCNN's own is not known. The audio's
    error is not normalised here, about 6, so that 1e-3 is inert; no larger one is better on validation (README)."""
    max_attenuation_db: float = 30.0
    """The target never lies farther below the noisy power than this: silence deeper than that is not worth learning."""
    stretch_frames: int | None = None
    """Frames in a row of each example that a step learns from, at a place drawn at random; None takes all. Neighbours
    hardly differ, so that more examples with fewer frames of each teach more in the same time."""
    n_audio_only: int = 400
    """Sentences without video among each epoch's targets, so that unseen voices are known too."""
    model: AVDCNNConfig = field(default_factory=AVDCNNConfig)
    """The network."""
    mix: MixConfig = field(default_factory=MixConfig)
    """The examples."""
    loop: LoopConfig = field(default_factory=LoopConfig)
    """The training."""
