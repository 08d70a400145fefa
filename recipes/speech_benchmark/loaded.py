"""Models that a process of a stage loads once for all its jobs."""

from functools import lru_cache
from typing import NamedTuple

from avse.enhance.enhancer import Enhancer
from recipes.speech_benchmark.provenance import model_facts


class Model(NamedTuple):
    """A model as jobs name it."""

    name: str
    """Or its weights file."""
    device: str
    facts: tuple[str | None, ...]
    """Of `model_facts`: other weights of the same name are loaded again."""

    @classmethod
    def of(cls, name: str, device: str) -> "Model":
        """Name a model, with the weights that lie there now."""
        return cls(name, device, tuple(model_facts(name)))


@lru_cache(maxsize=1)
def load_enhancer(model: Model) -> Enhancer:
    """Load it, or take the one that was loaded last.

    Raises:
        AvseError: the weights are missing or of another kind.
    """
    return Enhancer.load(model.name, device=model.device)
