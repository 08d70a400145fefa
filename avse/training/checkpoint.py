"""The whole state of a training run in one file, so that a killed run goes on to the same numbers."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from avse.errors import ConfigError
from avse.media.tensors import read_tensors, write_tensors


def save_checkpoint(path: Path, *, model: nn.Module, optimizer: Optimizer, step: int, progress: dict[str, Any]) -> None:
    """Write weights, optimiser and random state.

    Args:
        path: file to write or replace.
        model: whose weights.
        optimizer: whose moments.
        step: steps done; the sampler finds the next example from it.
        progress: JSON-able rest, such as the best validation so far.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    scalars: dict[str, dict[str, Any]] = {}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value
            else:
                scalars.setdefault(str(index), {})[name] = value
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    write_tensors(path, tensors, header={"step": step, "progress": progress, "optimizer": scalars})


def load_checkpoint(path: Path, *, model: nn.Module, optimizer: Optimizer) -> tuple[int, dict[str, Any]]:
    """Put a run back where `save_checkpoint` found it.

    Returns:
        Steps done, and the saved progress.

    Raises:
        ConfigError: the file is damaged, or belongs to another model.
    """
    tensors, header = read_tensors(path)
    weights = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ConfigError(
            f"checkpoint {path} must fit the model but does not; start in a new folder ({str(error).splitlines()[0]})"
        ) from None
    state: dict[int, dict[str, Any]] = {int(i): dict(values) for i, values in header["optimizer"].items()}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, field = name.split(".", 2)
            state.setdefault(int(index), {})[field] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return int(header["step"]), header["progress"]
