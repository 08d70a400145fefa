"""The whole state of a training run in one file, so that a killed run resumes to the same numbers."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from avse.errors import ConfigError
from avse.media.tensors import read_tensors, write_tensors
from avse.training.ema import WeightAverage
from avse.training.processes import as_part, gathered


def state_tensors(
    model: nn.Module, optimizer: Optimizer, mean: WeightAverage | None
) -> tuple[dict[str, Tensor], dict[str, dict[str, Any]]]:
    """Tensors of a run by name, and what the optimiser holds besides, by the index of its parameter."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    if mean:
        tensors |= {f"mean.{name}": tensor for name, tensor in mean.weights.items()}
    scalars: dict[str, dict[str, Any]] = {}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value
            else:
                scalars.setdefault(str(index), {})[name] = value
    return tensors, scalars


def optimizer_state(
    tensors: dict[str, Tensor], scalars: dict[str, dict[str, Any]], optimizer: Optimizer
) -> dict[str, Any]:
    """For `Optimizer.load_state_dict`, of what `state_tensors` gave; `(...)` each tensor, as its parameter."""
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in scalars.items()}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, field = name.split(".", 2)
            state.setdefault(int(index), {})[field] = tensor
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}


def save_checkpoint(
    path: Path | None,
    *,
    model: nn.Module,
    optimizer: Optimizer,
    step: int,
    progress: dict[str, Any],
    mean: WeightAverage | None = None,
) -> None:
    """Write weights, optimiser and random state. Where processes hold parts of a model, all of them must call this.

    Args:
        path: file to write or replace; None for the processes that only lend their parts.
        model: whose weights.
        optimizer: whose moments.
        step: steps done; the sampler finds the next example from it.
        progress: JSON-able rest, such as the best validation so far.
        mean: of the weights.
    """
    parts, scalars = state_tensors(model, optimizer, mean)
    tensors: dict[str, Tensor] = {}
    for name, part in parts.items():
        # One after the other: a process that does not write holds no more than one whole tensor at a time.
        tensor = gathered(part)
        if path is not None:
            tensors[name] = tensor.detach().cpu()
        del tensor
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    if path is not None:
        write_tensors(path, tensors, header={"step": step, "progress": progress, "optimizer": scalars})


def load_checkpoint(
    path: Path,
    *,
    model: nn.Module,
    optimizer: Optimizer,
    mean: WeightAverage | None = None,
) -> tuple[int, dict[str, Any]]:
    """Put a run back where `save_checkpoint` found it.

    Args:
        path: of the file.
        model: to get its weights.
        optimizer: to get its moments.
        mean: of the weights.

    Returns:
        Steps done, and the saved progress.

    Raises:
        ConfigError: the file is damaged, or belongs to another model.
    """
    tensors, header = read_tensors(path)
    weights = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
    own = model.state_dict()
    try:
        model.load_state_dict({name: as_part(t, own.get(name, t)) for name, t in weights.items()})
        if mean:
            mean.weights = {name: as_part(tensors[f"mean.{name}"], t) for name, t in mean.weights.items()}
    except (RuntimeError, KeyError) as error:
        raise ConfigError(
            f"checkpoint {path} must fit the model but does not; start in a new folder ({str(error).splitlines()[0]})"
        ) from None
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments = {
        name: as_part(tensor, parameters[int(name.split(".")[1])])
        for name, tensor in tensors.items()
        if name.startswith("optimizer.")
    }
    optimizer.load_state_dict(optimizer_state(moments, header["optimizer"], optimizer))
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return int(header["step"]), header["progress"]
