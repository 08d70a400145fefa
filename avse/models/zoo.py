"""Every model by name: build it, save it, load it with its weights.

A model's file holds its name and configuration beside the weights, so that loading needs nothing else.
"""

import dataclasses
import warnings
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from avse.errors import ConfigError
from avse.media.tensors import read_tensors, write_tensors
from avse.models.pretrained import path_of
from avse.models.registry import MODELS, Model
from avse.models.sizes import check_sizes

Kind = TypeVar("Kind", bound=Model)

SMALL = 100_000
"""Numbers that a model may have beyond those of its file."""


def save(path: Path, model: Model, *, half: bool = False) -> None:
    """Write a model's name, configuration and weights.

    Args:
        path: file to write or replace.
        model: one of `MODELS`.
        half: store the weights as float16.
    """
    header = {"model": model.name, "config": dataclasses.asdict(model.config)}
    tensors = {name: t.half() if half and t.is_floating_point() else t for name, t in model.state_dict().items()}
    write_tensors(path, tensors, header=header)


def load(name_or_path: str, *, device: str = "cpu") -> Model:
    """Load a model ready to enhance.

    Args:
        name_or_path: a name from `avse.models.pretrained.names`, or the path of a file that `save` wrote.
        device: `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises:
        ConfigError: no such model, weights of something else, or no such device.
    """
    check_device(device)
    path = path_of(name_or_path)
    weights, header = read_tensors(path)
    # Built without memory first: the file's own tensors say how large the model may be.
    with torch.device("meta"):
        wanted = {name: tensor.shape for name, tensor in build(header, path=path).state_dict().items()}
    if sum(shape.numel() for shape in wanted.values()) > 2 * sum(t.numel() for t in weights.values()) + SMALL:
        raise ConfigError(f"weights {path} must fit the model {header['model']} but do not (it is larger by far)")
    model = build(header, path=path)
    try:
        model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(f"weights {path} must fit the model {model.name} but do not ({reason})") from None
    return model.eval().to(device)


def load_as(kind: type[Kind], path: Path) -> Kind:
    """Load a model of one kind.

    Raises:
        ConfigError: as `load`, or it is of another kind.
    """
    model = load(str(path))
    if not isinstance(model, kind):
        raise ConfigError(f"weights {path} must be of {kind.name} but are of {model.name}; name another file")
    return model


def build(header: dict[str, Any], *, path: Path) -> Model:
    """Build the model that a file's header describes, without its weights.

    Raises:
        ConfigError: the header names no known model, or fields that it does not have.
    """
    if header.get("model") not in MODELS:
        raise ConfigError(
            f"weights {path} must be of one of {', '.join(MODELS)} but are of {header.get('model', 'no model')!r}; "
            "name another file"
        )
    check_sizes(header, path=path)
    network = MODELS[header["model"]].network
    try:
        config = network.config_of(**header["config"])
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Initializing zero-element tensors")
            model: Model = network.build(config)
            return model
    except (UserWarning, TypeError, KeyError, ValueError, ArithmeticError, IndexError, RuntimeError) as error:
        raise ConfigError(f"weights {path} must hold a valid configuration but do not ({error})") from None


def check_device(device: str) -> None:
    """Validate that a device exists.

    Raises:
        ConfigError: it does not, with the ones that do.
    """
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise ConfigError(f"device must be one that this machine has but is {device!r}; use the device cpu") from None


def count_parameters(model: Model | nn.Module) -> int:
    """Number of trainable numbers in a model."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
