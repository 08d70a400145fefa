"""Models that enhance speech, loaded by torch."""

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.audio_core import AudioCore
from avse.models.avdcnn import AVDCNN
from avse.models.lip_cue import LipCue
from avse.models.lip_steered import LipSteered, TorchSteering
from avse.models.live import Live
from avse.models.pretrained import PRETRAINED
from avse.models.steered import Steered, SteeredConfig

Enhancing = AVDCNN | Live
"""Models of the zoo that the enhancer runs as they are."""


def load_enhancer(name_or_path: str, *, device: str = "cpu") -> Enhancing | LipSteered:
    """Load a model that enhances speech.

    Args:
        name_or_path: a name of the registry, or weights that training wrote; those of an audio core are used without
            video.
        device: `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises:
        ConfigError: no such model, weights of something else, or no such device.
    """
    model = zoo.load(name_or_path, device=device)
    if isinstance(model, AudioCore):
        model = Steered(SteeredConfig(core=model.config), core=model).eval().to(device)
    if isinstance(model, Steered):
        lips = zoo.load_as(LipCue, PRETRAINED / "lip_cue.safetensors").to(device)
        return LipSteered(TorchSteering(model), lips)
    if not isinstance(model, Enhancing):
        raise ConfigError(f"model {name_or_path} must enhance speech but is of {model.name}; name another one")
    return model
