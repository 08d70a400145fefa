"""GRUs that train quickly: on CPUs several small ones at once, with their gradients written out; elsewhere by kernels.

PyTorch's GRU records every operation of every step; where the states are as small as those of speech enhancement, that
takes longer than the arithmetic. Without gradients, and in exports, PyTorch's own run; on CUDA, `avse.nn.gru_triton`.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""Of a layer's weights, in PyTorch's order."""


class _Run(torch.autograd.Function):
    """GRUs side by side over time, by the equations of `torch.nn.GRU`; the batch, the longest axis, is the last."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, initial: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Take `(steps, groups, 3 dim, batch)` of the input, `(groups, dim, batch)`, and weights of the state."""
        dim = initial.shape[1]
        states = given.new_empty(len(given), *initial.shape)
        gates = given.new_empty(len(given), len(initial), 2 * dim, initial.shape[-1])
        candidates, recurrent = torch.empty_like(states), torch.empty_like(states)
        state = initial
        for step in range(len(given)):
            hidden = torch.baddbmm(bias, weight, state)
            torch.add(given[step, :, : 2 * dim], hidden[:, : 2 * dim], out=gates[step]).sigmoid_()
            recurrent[step] = hidden[:, 2 * dim :]
            candidate = torch.addcmul(
                given[step, :, 2 * dim :], gates[step, :, :dim], recurrent[step], out=candidates[step]
            ).tanh_()
            state = torch.lerp(candidate, state, gates[step, :, dim:], out=states[step])
        ctx.save_for_backward(initial, weight, states, gates, candidates, recurrent)
        return states

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Everything that does not depend on later steps is done for all steps at once."""
        initial, weight, states, gates, candidates, recurrent = ctx.saved_tensors
        before = torch.cat([initial[None], states[:-1]])
        reset, update = gates.chunk(2, dim=2)
        to_candidate = (1 - update) * (1 - candidates.square())
        to_update = (before - candidates) * update * (1 - update)
        to_reset = to_candidate * recurrent * reset * (1 - reset)
        local = torch.stack([to_reset, to_update, to_candidate * reset], dim=2)
        hidden, deltas = torch.empty_like(local), torch.empty_like(states)
        total, back = torch.zeros_like(initial), weight.transpose(1, 2)
        for step in range(len(states) - 1, -1, -1):
            delta = torch.add(total, grads[0][step], out=deltas[step])
            torch.mul(local[step], delta[:, None], out=hidden[step])
            total = torch.baddbmm(delta * update[step], back, hidden[step].flatten(1, 2))
        of_input = torch.cat([hidden[:, :, :2].flatten(2, 3), deltas * to_candidate], dim=2)
        hidden = hidden.flatten(2, 3)
        of_weight = torch.einsum("tgon,tgin->goi", hidden, before)
        return of_input, total, of_weight, hidden.sum(dim=(0, 3))[..., None]


def is_trained_on(x: Tensor, device: str) -> bool:
    """Whether gradients of `(...)` are wanted on a kind of device, `cpu` or `cuda`, that is quicker without modules."""
    return x.requires_grad and x.device.type == device


def run_on_gpu(x: Tensor, state: Tensor, weights: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Run a GRU of one layer on CUDA, with gradients.

    Args:
        x: `(sequences, steps, features)`.
        state: `(sequences, dim)` before the first step.
        weights: those of `torch.nn.GRU`, in its order.

    Returns:
        States `(sequences, steps, dim)`, and the last of them `(sequences, dim)`.
    """
    if find_spec("triton"):
        from avse.nn.gru_triton import run_gru

        return run_gru(x, state, *weights)
    states, last = torch.gru(x, state[None].contiguous(), list(weights), True, 1, 0.0, True, False, True)
    return states, last[0]


def weights_of(gru: nn.GRU, *, suffix: str = "") -> list[Tensor]:
    """A layer's weights in PyTorch's order; the suffix `_reverse` is of the other direction."""
    return [getattr(gru, f"{name}_l0{suffix}") for name in NAMES]


def run_grus(grus: Sequence[nn.GRU], x: Tensor, state: Tensor, *, suffix: str = "") -> Tensor:
    """Run GRUs of one size over their parts of the input, with gradients.

    Args:
        grus: of one layer.
        x: `(steps, groups, features, batch)`.
        state: `(groups, dim, batch)` before the first step.
        suffix: of the parameters' names; `_reverse` for those of the other direction.

    Returns:
        States, `(steps, groups, dim, batch)`.
    """
    weight, recurrent, bias, bias_recurrent = (
        torch.stack(parts) for parts in zip(*(weights_of(gru, suffix=suffix) for gru in grus), strict=True)
    )
    given = weight @ x + bias[..., None]
    states: Tensor = _Run.apply(given, state, recurrent, bias_recurrent[..., None])  # type: ignore[no-untyped-call]
    return states
