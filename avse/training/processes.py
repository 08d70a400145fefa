"""How several processes, started by `torchrun`, share a model."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lightning_fabric.strategies.model_parallel import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from avse.errors import ConfigError

LARGE = 100_000
"""Parameters from which on a module of a list is sharded by itself."""


def processes(*, sharded: bool) -> dict[str, Any]:
    """What Fabric must know of the processes that `torchrun` started; nothing where it did not.

    Args:
        sharded: each process holds a part of the model, not all of it.

    Raises:
        ConfigError: `torchrun` may start the processes again, but not in a way that they find each other then.
    """
    if "LOCAL_WORLD_SIZE" not in os.environ:
        return {}
    _check_restarts()
    on_machine, in_all = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    strategy = (
        ModelParallelStrategy(
            _shard, data_parallel_size=in_all, tensor_parallel_size=1, save_distributed_checkpoint=False
        )
        if sharded
        else "ddp"
    )
    return {"strategy": strategy, "devices": on_machine, "num_nodes": in_all // on_machine}


def _check_restarts() -> None:
    """Refuse restarts that may hang.

    With the store that `torchrun` shares with its processes, processes that are started again read the addresses of
    those before them, and both ends may wait for the other to connect (PyTorch issue 135712, still so in 2.13).
    """
    may_restart = int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")) > 0
    if may_restart and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        raise ConfigError(
            "processes that torchrun restarts must have a new store for each start but share one, and could hang; set "
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 and the rendezvous backend c10d for it"
        )


@contextmanager
def whole(model: nn.Module) -> Iterator[None]:
    """A sharded model with all at hand that does not lie in its layers, so that its parts can be called alone."""
    if not isinstance(model, FSDPModule):
        yield
        return
    model.unshard()
    try:
        yield
    finally:
        model.reshard()


def gathered(tensor: Tensor) -> Tensor:
    """All of a tensor `(...)` of which each process may hold a part; every process must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def as_part(tensor: Tensor, like: Tensor) -> Tensor:
    """This process's part of a whole tensor `(...)`, if `like` is such a part."""
    if isinstance(like, DTensor) and tensor.dim():
        return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)
    return tensor


def _shard(model: nn.Module, mesh: DeviceMesh) -> nn.Module:
    """Shard each layer of a stack by itself, so that one of them is whole at a time, and then the rest."""
    for module in model.modules():
        if isinstance(module, nn.ModuleList):
            for layer in module:
                if sum(parameter.numel() for parameter in layer.parameters()) >= LARGE:
                    fully_shard(layer, mesh=mesh["data_parallel"])
    fully_shard(model, mesh=mesh["data_parallel"])
    return model
