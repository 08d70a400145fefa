"""Layers of GTCRN (Rong, Sun, Zhang, Hu, Zhu, Lu, ICASSP 2024), causal, one step a frame."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from avse.nn.gru import is_trained_on, run_grus, run_on_gpu, weights_of

KERNEL = 3
"""Frames and bands that the depth-wise convolutions see."""
EPSILON = 1e-8
"""Of the normalisation over bands and channels."""


class GroupedGRU(nn.Module):
    """Two GRUs, each over half of the features."""

    def __init__(self, dim: int, *, bidirectional: bool = False) -> None:
        """Set up for `dim` features in and out."""
        super().__init__()
        half = dim // 2
        self.dim = half // 2 if bidirectional else half
        self.bidirectional = bidirectional
        self.groups = nn.ModuleList(
            nn.GRU(half, self.dim, batch_first=True, bidirectional=bidirectional) for _ in range(2)
        )

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run along axis 1 of `(batch, steps, dim)`; the state is `(batch, dim)`, zeros where it is None."""
        if is_trained_on(x, "cpu"):
            return self._trained(x, state)
        if is_trained_on(x, "cuda"):
            return self._as_one(x, state)
        halves = [None, None] if state is None else [part[None].contiguous() for part in state.chunk(2, dim=-1)]
        found = [gru(part, before) for gru, part, before in zip(self.groups, x.chunk(2, dim=-1), halves, strict=True)]
        return torch.cat([y for y, _ in found], dim=-1), torch.cat([last[-1] for _, last in found], dim=-1)

    def _as_one(self, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Both halves as one GRU, the weights between them zero: on a GPU only the number of calls counts."""
        initial = x.new_zeros(len(x), 2 * self.dim) if state is None else state
        states, last = run_on_gpu(x, initial, self._joined())
        if self.bidirectional:
            back, _ = run_on_gpu(x.flip(1), initial, self._joined("_reverse"))
            # The directions of each half side by side, as the halves' own GRUs give them.
            by_half = [found.reshape(*found.shape[:2], 2, self.dim) for found in (states, back.flip(1))]
            states = torch.cat(by_half, dim=-1).flatten(-2)
        return states, last

    def _joined(self, suffix: str = "") -> list[Tensor]:
        grus: list[nn.GRU] = list(self.groups)  # type: ignore[arg-type]
        return [joined(parts) for parts in zip(*(weights_of(gru, suffix=suffix) for gru in grus), strict=True)]

    def _trained(self, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        batch, n_steps, dim = x.shape
        parts = x.permute(1, 2, 0).reshape(n_steps, 2, dim // 2, batch)
        initial = x.new_zeros(batch, 2 * self.dim) if state is None else state
        start = initial.T.reshape(2, self.dim, batch)
        grus: list[nn.GRU] = list(self.groups)  # type: ignore[arg-type]
        states = run_grus(grus, parts, start)
        last = states[-1].flatten(0, 1).T
        if self.bidirectional:
            back = run_grus(grus, parts.flip(0), start, suffix="_reverse").flip(0)
            states = torch.cat([states, back], dim=2)
        return states.flatten(1, 2).permute(2, 0, 1), last


def joined(parameters: Sequence[Tensor]) -> Tensor:
    """A weight `(3 dim, features)`, or a bias `(3 dim,)`, of GRUs side by side, from those of each."""
    gates = [parameter.chunk(3) for parameter in parameters]
    join = torch.cat if parameters[0].ndim == 1 else _block_diagonal
    return torch.cat([join(of_gate) for of_gate in zip(*gates, strict=True)])


def _block_diagonal(blocks: Sequence[Tensor]) -> Tensor:
    found: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return found


class DualPath(nn.Module):
    """A recurrence over the bands of each frame, then one over the frames of each band; both are residual."""

    def __init__(self, channels: int, n_bands: int) -> None:
        """Set up."""
        super().__init__()
        self.across = GroupedGRU(channels, bidirectional=True)
        self.across_out = nn.Linear(channels, channels)
        self.across_norm = nn.LayerNorm((n_bands, channels), eps=EPSILON)
        self.along = GroupedGRU(channels)
        self.along_out = nn.Linear(channels, channels)
        self.along_norm = nn.LayerNorm((n_bands, channels), eps=EPSILON)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take `(batch, frames, bands, channels)` and `(batch, bands, channels)`; give both."""
        batch, n_frames, n_bands, channels = x.shape
        across, _ = self.across(x.reshape(batch * n_frames, n_bands, channels))
        x = x + self.across_norm(self.across_out(across).reshape(x.shape))
        bands = x.transpose(1, 2).reshape(batch * n_bands, n_frames, channels)
        along, state = self.along(bands, state.reshape(batch * n_bands, channels))
        along = self.along_out(along).reshape(batch, n_bands, n_frames, channels).transpose(1, 2)
        return x + self.along_norm(along), state.reshape(batch, n_bands, channels)


class TemporalAttention(nn.Module):
    """Scales each channel by what its energy has been."""

    def __init__(self, channels: int) -> None:
        """Set up."""
        super().__init__()
        self.gru = nn.GRU(channels, 2 * channels, batch_first=True)
        self.out = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take `(batch, channels, frames, bands)` and `(batch, 2 * channels)`; give both."""
        energy = x.square().mean(dim=-1).transpose(1, 2)
        if is_trained_on(energy, "cpu"):
            found = run_grus([self.gru], energy.permute(1, 2, 0)[:, None], state.T[None])[:, 0]
            states, last = found.permute(2, 0, 1), found[-1].T
        elif is_trained_on(energy, "cuda"):
            states, last = run_on_gpu(energy, state, weights_of(self.gru))
        else:
            states, final = self.gru(energy, state[None].contiguous())
            last = final[0]
        return x * torch.sigmoid(self.out(states)).transpose(1, 2)[..., None], last


class GroupedConv(nn.Module):
    """Half of the channels go through convolutions and attention, then the halves are shuffled."""

    def __init__(self, channels: int, dilation: int) -> None:
        """Set up; `dilation` is of the frames."""
        super().__init__()
        half = channels // 2
        self.dilation = dilation
        # A band with its two neighbours, the paper's sub-band features, and a point-wise convolution in one.
        self.widen = nn.Sequential(nn.Conv2d(half, channels, (1, KERNEL), padding=(0, 1)), nn.PReLU())
        self.depth = nn.Sequential(
            nn.Conv2d(channels, channels, KERNEL, padding=(0, 1), dilation=(dilation, 1), groups=channels), nn.PReLU()
        )
        self.narrow = nn.Conv2d(channels, half, 1)
        self.attend = TemporalAttention(half)

    @property
    def n_past(self) -> int:
        """Frames before the present one that it sees."""
        return (KERNEL - 1) * self.dilation

    def forward(self, x: Tensor, past: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Take `(batch, channels, frames, bands)`, the widened maps of `n_past` frames, and the attention's state."""
        changed, kept = x.chunk(2, dim=1)
        wide = torch.cat([past, self.widen(changed)], dim=2)
        changed, state = self.attend(self.narrow(self.depth(wide)), state)
        shuffled = torch.stack([changed, kept], dim=2).flatten(1, 2)
        return shuffled, wide[:, :, wide.shape[2] - self.n_past :], state
