"""A GRU with gradients for CUDA, of many short sequences with small states, as speech enhancement has them.

One kernel runs over all steps and keeps the state in registers. With cuDNN's GRUs three quarters of a training step of
the audio core are spent in their backward pass, and it takes four times as long (`recipes/steered/README.md`). The
equations are those of `torch.nn.GRU`. Needs Triton, which PyTorch for CUDA brings along.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

SEQUENCES = 16
"""Run side by side by a program: `tl.dot` takes at least 16 rows."""


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def _weight(place, gate, dim, rows, columns):
    """A gate's weights, those of output `rows` to state `columns`."""
    inside = (rows < dim) & (columns < dim)
    return tl.load(place + (gate * dim + rows) * dim + columns, mask=inside, other=0.0)


@triton.jit
def _forward(
    given, initial, weight, bias, states, gates, n_sequences, n_steps,
    dim: tl.constexpr, width: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    # given (sequences, steps, 3 dim) holds reset, update and candidate; gates (sequences, steps, 4 dim) keeps the
    # three for the backward pass, and what the state adds to the candidate.
    sequence = tl.program_id(0) * block + tl.arange(0, block)[:, None]
    unit = tl.arange(0, width)[None, :]
    inside = (sequence < n_sequences) & (unit < dim)
    before = tl.arange(0, width)[:, None]
    to_reset, to_update = _weight(weight, 0, dim, unit, before), _weight(weight, 1, dim, unit, before)
    to_candidate = _weight(weight, 2, dim, unit, before)
    bias_reset = tl.load(bias + unit, mask=unit < dim, other=0.0)
    bias_update = tl.load(bias + dim + unit, mask=unit < dim, other=0.0)
    bias_candidate = tl.load(bias + 2 * dim + unit, mask=unit < dim, other=0.0)
    state = tl.load(initial + sequence * dim + unit, mask=inside, other=0.0)
    start = sequence.to(tl.int64) * n_steps
    at = given + start * 3 * dim + unit
    next_reset = tl.load(at, mask=inside, other=0.0)
    next_update = tl.load(at + dim, mask=inside, other=0.0)
    next_candidate = tl.load(at + 2 * dim, mask=inside, other=0.0)
    for step in range(n_steps):
        reset, update, candidate = next_reset, next_update, next_candidate
        # What the next step needs is on its way while this one is computed.
        at = given + (start + tl.minimum(step + 1, n_steps - 1)) * 3 * dim + unit
        next_reset = tl.load(at, mask=inside, other=0.0)
        next_update = tl.load(at + dim, mask=inside, other=0.0)
        next_candidate = tl.load(at + 2 * dim, mask=inside, other=0.0)
        from_state = tl.dot(state, to_candidate, input_precision="tf32") + bias_candidate
        reset = tl.sigmoid(reset + tl.dot(state, to_reset, input_precision="tf32") + bias_reset)
        update = tl.sigmoid(update + tl.dot(state, to_update, input_precision="tf32") + bias_update)
        candidate = _tanh(candidate + reset * from_state)
        state = candidate + update * (state - candidate)
        tl.store(states + (start + step) * dim + unit, state, mask=inside)
        kept = gates + (start + step) * 4 * dim + unit
        tl.store(kept, reset, mask=inside)
        tl.store(kept + dim, update, mask=inside)
        tl.store(kept + 2 * dim, candidate, mask=inside)
        tl.store(kept + 3 * dim, from_state, mask=inside)


@triton.jit
def _backward(
    grads, initial, weight, states, gates, of_given, of_state, of_initial,
    n_sequences, n_steps, dim: tl.constexpr, width: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    sequence = tl.program_id(0) * block + tl.arange(0, block)[:, None]
    unit = tl.arange(0, width)[None, :]
    inside = (sequence < n_sequences) & (unit < dim)
    after = tl.arange(0, width)[:, None]
    to_reset, to_update = _weight(weight, 0, dim, after, unit), _weight(weight, 1, dim, after, unit)
    to_candidate = _weight(weight, 2, dim, after, unit)
    start = sequence.to(tl.int64) * n_steps
    total = tl.zeros((block, width), dtype=tl.float32)
    for back in range(n_steps):
        step = n_steps - 1 - back
        total += tl.load(grads + (start + step) * dim + unit, mask=inside, other=0.0)
        kept = gates + (start + step) * 4 * dim + unit
        reset = tl.load(kept, mask=inside, other=0.0)
        update = tl.load(kept + dim, mask=inside, other=0.0)
        candidate = tl.load(kept + 2 * dim, mask=inside, other=0.0)
        from_state = tl.load(kept + 3 * dim, mask=inside, other=0.0)
        if step > 0:
            state = tl.load(states + (start + step - 1) * dim + unit, mask=inside, other=0.0)
        else:
            state = tl.load(initial + sequence * dim + unit, mask=inside, other=0.0)
        of_candidate = total * (1 - update) * (1 - candidate * candidate)
        of_update = total * (state - candidate) * update * (1 - update)
        of_reset = of_candidate * from_state * reset * (1 - reset)
        at = of_given + (start + step) * 3 * dim + unit
        tl.store(at, of_reset, mask=inside)
        tl.store(at + dim, of_update, mask=inside)
        tl.store(at + 2 * dim, of_candidate, mask=inside)
        through = of_candidate * reset
        tl.store(of_state + (start + step) * dim + unit, through, mask=inside)
        total = total * update + tl.dot(of_reset, to_reset, input_precision="tf32")
        total += tl.dot(of_update, to_update, input_precision="tf32")
        total += tl.dot(through, to_candidate, input_precision="tf32")
    tl.store(of_initial + sequence * dim + unit, total, mask=inside)


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, initial: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Take `(sequences, steps, 3 dim)` of the input, `(sequences, dim)`, and weights and bias of the state."""
        given, initial, weight, bias = (tensor.contiguous() for tensor in (given, initial, weight, bias))
        n_sequences, n_steps, dim = len(given), given.shape[1], initial.shape[1]
        states = given.new_empty(n_sequences, n_steps, dim)
        gates = given.new_empty(n_sequences, n_steps, 4 * dim)
        sizes = (n_sequences, n_steps, dim, max(16, triton.next_power_of_2(dim)), SEQUENCES)
        programs = (triton.cdiv(n_sequences, SEQUENCES),)
        with torch.cuda.device(given.device):
            _forward[programs](given, initial, weight, bias, states, gates, *sizes)
        ctx.save_for_backward(initial, weight, states, gates)
        ctx.sizes, ctx.programs = sizes, programs
        return states

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Matrix products over all steps are left to PyTorch."""
        initial, weight, states, gates = ctx.saved_tensors
        dim = initial.shape[1]
        of_given = states.new_empty(*states.shape[:2], 3 * dim)
        of_state, of_initial = torch.empty_like(states), torch.empty_like(initial)
        arrays = (grads[0].contiguous(), initial, weight, states, gates, of_given, of_state, of_initial)
        with torch.cuda.device(states.device):
            _backward[ctx.programs](*arrays, *ctx.sizes)
        hidden = torch.cat([of_given[..., : 2 * dim], of_state], dim=-1).flatten(0, 1)
        before = torch.cat([initial[:, None], states[:, :-1]], dim=1).flatten(0, 1)
        return of_given, of_initial, hidden.T @ before, hidden.sum(dim=0)


def run_gru(
    x: Tensor, state: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """Run a GRU of one layer, in 32 bits whatever the precision around it.

    Args:
        x: `(sequences, steps, features)`.
        state: `(sequences, dim)` before the first step.
        weight_ih: `(3 dim, features)`; this and the others are those of `torch.nn.GRU`.
        weight_hh: `(3 dim, dim)`.
        bias_ih: `(3 dim,)`.
        bias_hh: `(3 dim,)`.

    Returns:
        States `(sequences, steps, dim)`, and the last of them `(sequences, dim)`.
    """
    with torch.autocast("cuda", enabled=False):
        given = torch.nn.functional.linear(x.float(), weight_ih.float(), bias_ih.float())
        states: Tensor = _Fused.apply(given, state.float(), weight_hh.float(), bias_hh.float())
    return states, states[:, -1]
