"""Tensors of all processes, for losses that compare across the whole batch."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gather(tensor: Tensor) -> Tensor:
    """Join a tensor's parts of all processes along the first axis; gradients find their way back.

    The loss that each process then computes is that of the whole batch. Its gradient by a process's own part arrives
    once from every process; DistributedDataParallel's mean over processes makes the sum the gradient of one process
    with the whole batch.

    Args:
        tensor: `(batch, ...)`, of the same shape in every process.

    Returns:
        `(processes * batch, ...)`; the tensor itself where there is one process.
    """
    if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
        return tensor
    joined: Tensor = _Gather.apply(tensor)  # type: ignore[no-untyped-call]
    return joined


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, tensor: Tensor) -> Tensor:
        parts = [torch.empty_like(tensor) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, tensor.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total.chunk(dist.get_world_size())[dist.get_rank()]
