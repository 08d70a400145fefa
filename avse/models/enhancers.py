"""Models that enhance speech, loaded by torch."""

from functools import partial

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.enhancing import Enhancing
from avse.models.registry import MODELS


def load_enhancer(name_or_path: str, *, device: str = "cpu") -> Enhancing:
    """Load a model that enhances speech.

    Args:
        name_or_path: a name of the registry, or weights that training wrote; those of an audio core are used without
            video.
        device: `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises:
        ConfigError: no such model, weights of something else, or no such device.
    """
    model = zoo.load(name_or_path, device=device)
    enhancer = MODELS[model.name].enhancer
    if enhancer is None:
        raise ConfigError(f"model {name_or_path} must enhance speech but is of {model.name}; name another one")
    return enhancer(model, partial(zoo.load, device=device))
