"""The causal models as ONNX graphs, whichever kind they are of."""

from pathlib import Path

from avse.errors import ConfigError
from avse.models import live_onnx, steered_onnx
from avse.models.audio_core import AudioCore
from avse.models.live import Live
from avse.models.steered import Steered, SteeredConfig
from avse.models.zoo import Model

EXPORTED = (Live, Steered, AudioCore)
"""Models that run frame by frame."""


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
    if isinstance(model, AudioCore):
        model = Steered(SteeredConfig(core=model.config), core=model).eval()
    if isinstance(model, Steered):
        return steered_onnx.export(model, path, force=force)
    if isinstance(model, Live):
        return live_onnx.export(model, path, force=force)
    names = ", ".join(kind.name for kind in EXPORTED)
    raise ConfigError(f"model must run frame by frame ({names}) but is {model.name}; only those have graphs")
