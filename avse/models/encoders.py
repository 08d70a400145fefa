"""Where each model keeps its encoders, so that one model's encoder can begin another's."""

from torch import nn

from avse.errors import ConfigError
from avse.models.avdcnn import AVDCNN
from avse.models.lip_cue import LipCue
from avse.models.live import Live
from avse.models.vatt import MODALITIES, VATT


def encoder_of(model: nn.Module, modality: str) -> nn.Module:
    """The encoder of a modality inside a model.

    Args:
        model: one of the zoo.
        modality: `video`, `audio` or `text`.

    Raises:
        ConfigError: the model has none.
    """
    found: nn.Module | None = None
    if isinstance(model, VATT) and modality in MODALITIES:
        found = model.encoder(modality)
    elif isinstance(model, LipCue):
        found = {"video": model.video, "audio": model.voice}.get(modality)
    elif isinstance(model, Live):
        found = {"video": model.video}.get(modality)
    elif isinstance(model, AVDCNN):
        found = {"video": model.video, "audio": model.audio}.get(modality)
    if found is None:
        name = getattr(model, "name", type(model).__name__)
        raise ConfigError(f"{name} must have an encoder of {modality} but has none; take another model")
    return found
