"""Where each model keeps its encoders, so that one model's encoder can begin another's."""

from torch import nn

from avse.errors import ConfigError
from avse.models.registry import MODELS, Model


def encoder_of(model: Model, modality: str) -> nn.Module:
    """The encoder of a modality inside a model.

    Args:
        model: one of the registry.
        modality: `video`, `audio` or `text`.

    Raises:
        ConfigError: the model has none.
    """
    found = MODELS[model.name].encoders(model).get(modality)
    if found is None:
        raise ConfigError(f"{model.name} must have an encoder of {modality} but has none; take another model")
    return found
