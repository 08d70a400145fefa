"""The causal models as ONNX graphs, whichever kind they are of."""

from pathlib import Path

from avse.errors import ConfigError
from avse.models.registry import MODELS, Model


def has_graphs(model: Model) -> bool:
    """Whether a model runs frame by frame, so that it has graphs."""
    return MODELS[model.name].export is not None


def export(model: Model, path: Path, *, force: bool = False) -> float:
    """Write a model's graphs and check them.

    Args:
        model: in evaluation mode, on the CPU; an audio core becomes a steered model without steering.
        path: ends in `.onnx`; a live model's mouth becomes `NAME.mouth.onnx` beside it.
        force: replace files that exist.

    Returns:
        The largest difference between what the model and the graphs give for random input.

    Raises:
        MissingExtraError: the package onnx is not installed.
        ConfigError: the model does not run frame by frame, or model and graphs differ by more than 1e-4; nothing is
            written then.
        MediaError: a file exists or cannot be written.
    """
    write = MODELS[model.name].export
    if write is None:
        names = ", ".join(name for name, entry in MODELS.items() if entry.export)
        raise ConfigError(f"model must run frame by frame ({names}) but is {model.name}; only those have graphs")
    return write(model, path, force=force)
