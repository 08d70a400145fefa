"""Tensors of all processes, for losses that compare across the whole batch."""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_gather


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
    if tensor.requires_grad:
        return torch.cat(all_gather(tensor))  # type: ignore[no-untyped-call]
    parts = [torch.empty_like(tensor) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)
