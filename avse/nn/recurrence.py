"""A recurrence whose gates do not depend on its state: only a weighted mean is left to be done in sequence."""

from typing import Any

import torch
from torch import Tensor, nn

from avse.nn.gru import is_trained_on, run_grus, run_on_gpu, weights_of


class _Blend(torch.autograd.Function):
    """`state[t] = state[t - 1] + gate[t] * (candidate[t] - state[t - 1])` along axis 1, with its gradient.

    One operation a step in either direction; PyTorch's own graph of the same loop takes some ten times as long.
    """

    @staticmethod
    def forward(ctx: Any, gate: Tensor, candidate: Tensor, initial: Tensor) -> Tensor:
        states = torch.empty_like(candidate)
        state = initial
        for step in range(candidate.shape[1]):
            state = torch.lerp(state, candidate[:, step], gate[:, step])
            states[:, step] = state
        ctx.save_for_backward(gate, candidate, initial, states)
        return states

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        gate, candidate, initial, states = ctx.saved_tensors
        keep = 1 - gate
        total = grads[0].clone()
        for step in range(total.shape[1] - 1, 0, -1):
            total[:, step - 1].addcmul_(total[:, step], keep[:, step])
        before = torch.cat([initial[:, None], states[:, :-1]], dim=1)
        return total * (candidate - before), total * gate, total[:, 0] * keep[:, 0]


class MinimalGRU(nn.Module):
    """A GRU without recurrent weights: gate and candidate depend on the input alone.

    After minGRU (Feng, Tung, Ahmed, Bengio, Hajimirsadeghi, "Were RNNs All We Needed?", 2024).

    All matrix products are done for all frames at once; on CPUs, which run a GRU frame by frame, that is what makes it
    cheap to train. `as_gru` gives the same function as PyTorch's GRU, which runs and exports well.
    """

    def __init__(self, n_in: int, dim: int) -> None:
        """Set up.

        Args:
            n_in: features of the input.
            dim: width of the state.
        """
        super().__init__()
        self.dim = dim
        self.project = nn.Linear(n_in, 2 * dim)
        # Gates open to between a fiftieth and a half of the new: memories from 30 ms to 1 s at 62.5 frames a second.
        with torch.no_grad():
            self.project.bias[:dim] = torch.logit(torch.logspace(-1.7, -0.3, dim))

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Run over time.

        Args:
            x: `(batch, frames, ..., n_in)`.
            state: `(batch, ..., dim)` from the call before, zeros at the start.

        Returns:
            `(batch, frames, ..., dim)` and the state after the last frame.
        """
        gate, candidate = self.project(x).chunk(2, dim=-1)
        states: Tensor = _Blend.apply(torch.sigmoid(gate), torch.tanh(candidate), state)  # type: ignore[no-untyped-call]
        return states, states[:, -1]

    @torch.no_grad()
    def as_gru(self) -> "BandwiseGRU":
        """The same function as a GRU whose recurrent weights are zero."""
        twin, dim = BandwiseGRU(self.project.in_features, self.dim), self.dim
        weights = dict(twin.gru.named_parameters())
        for parameter in weights.values():
            parameter.zero_()
        # PyTorch's update gate says how much of the state is kept, and stands between reset gate and candidate.
        for name, own in (("weight_ih_l0", self.project.weight), ("bias_ih_l0", self.project.bias)):
            weights[name][dim : 2 * dim] = -own[:dim]
            weights[name][2 * dim :] = own[dim:]
        return twin.to(self.project.weight.device)


class BandwiseGRU(nn.Module):
    """A GRU that runs over the frames of each band with the same weights."""

    def __init__(self, n_in: int, dim: int) -> None:
        """Set up; the arguments are those of `MinimalGRU`."""
        super().__init__()
        self.dim = dim
        self.gru = nn.GRU(n_in, dim, batch_first=True)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As `MinimalGRU.forward`, of `(batch, frames, bands, n_in)`."""
        batch, n_frames, n_bands, n_in = x.shape
        if is_trained_on(x, "cpu"):
            parts = x.permute(1, 3, 0, 2).reshape(n_frames, 1, n_in, batch * n_bands)
            found = run_grus([self.gru], parts, state.reshape(1, batch * n_bands, self.dim).transpose(1, 2))[:, 0]
            trained = found.reshape(n_frames, self.dim, batch, n_bands).permute(2, 0, 3, 1)
            return trained, trained[:, -1]
        flat = x.transpose(1, 2).reshape(batch * n_bands, n_frames, n_in)
        initial = state.reshape(batch * n_bands, self.dim)
        if is_trained_on(x, "cuda"):
            states, last = run_on_gpu(flat, initial, weights_of(self.gru))
        else:
            states, last = self.gru(flat, initial[None])
        return states.reshape(batch, n_bands, n_frames, self.dim).transpose(1, 2), last.reshape(
            batch, n_bands, self.dim
        )
