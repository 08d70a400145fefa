"""What is minimised: the error of the cue, and evidence that does not tell own audio from others'."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from recipes.lip_cue.config import LossConfig
from recipes.lip_cue.data import LipExample

SETTLED_FRAMES = 10
"""Nothing is judged before so many frames."""


class Evidence(NamedTuple):
    """Log-likelihood ratios of a batch, in nats."""

    pairs: Tensor
    """`(batch, batch)` of each mouth with each audio."""
    shifts: Tensor
    """`(batch, shifts)` of each mouth with its audio at other times."""


def cue_loss(logits: Tensor, batch: LipExample, *, weights: LossConfig) -> Tensor:
    """Error of the predicted cue where there is a face, `logits` `(batch, frames, CUE_DIM)`."""
    seen = batch.present.clone()
    seen[:, :SETTLED_FRAMES] = 0
    n_seen = seen.sum().clamp_min(1)
    activity = F.binary_cross_entropy_with_logits(logits[..., 0], batch.cue[..., 0], weight=seen, reduction="sum")
    bands = torch.sigmoid(logits[..., 1:])
    error = ((bands - batch.cue[..., 1:]).square().mean(dim=-1) * seen).sum()
    speaks = batch.cue[..., 0].amax(dim=1) > 0
    lacking = 1 - correlation(bands.mean(dim=-1), batch.cue[..., 1:].mean(dim=-1), seen)
    lack = (lacking * speaks).sum() / speaks.sum().clamp_min(1)
    return weights.activity * activity / n_seen + weights.bands * error / n_seen + weights.correlation * lack


def correlation(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """Pearson correlation over the frames with weight, `(batch,)` of `(batch, frames)`."""
    share = weight / weight.sum(dim=1, keepdim=True).clamp_min(1)
    one, other = (x - (share * x).sum(dim=1, keepdim=True) for x in (one, other))
    products = [(share * a * b).sum(dim=1) for a, b in ((one, other), (one, one), (other, other))]
    return products[0] / (products[1] * products[2] + 1e-6).sqrt()


def evidence(video: Tensor, audio: Tensor, present: Tensor, *, weights: LossConfig) -> Evidence:
    """Evidence summed over a window that is drawn at random.

    Args:
        video: `(batch, frames, dim)` embeddings, `audio` likewise.
        audio: see above.
        present: `(batch, frames)`.
        weights: limits of windows and shifts.
    """
    n_frames = video.shape[1]
    length = int(torch.randint(weights.min_window, n_frames - SETTLED_FRAMES + 1, ()))
    start = int(torch.randint(SETTLED_FRAMES, n_frames - length + 1, ()))
    stop = start + length
    watched = (video * present[..., None])[:, start:stop]
    pairs = torch.einsum("itd,jtd->ij", watched, audio[:, start:stop])
    shifts = []
    for shift in range(weights.min_shift, weights.max_shift + 1, 4):
        for signed in (shift, -shift):
            first, last = max(start, SETTLED_FRAMES + signed), min(stop, n_frames + signed)
            if last - first < weights.min_window // 2:
                continue
            moved = audio[:, first - signed : last - signed]
            scale = length / (last - first)
            shifts.append(scale * ((video * present[..., None])[:, first:last] * moved).sum(dim=(1, 2)))
    return Evidence(pairs, torch.stack(shifts, dim=1))


def match_loss(found: Evidence, batch: LipExample, *, weights: LossConfig) -> Tensor:
    """Cross entropies of own against other audio: one by one, and as a choice among all."""
    n = len(batch.own)
    diagonal = torch.eye(n, dtype=torch.bool, device=batch.own.device)
    own = found.pairs.diagonal()
    same = (batch.clip[:, None] == batch.clip[None]) & ~diagonal
    negative = ~same & ~(diagonal & (batch.own[None] > 0))
    is_own = batch.own > 0
    positives = F.softplus(-own)[is_own].mean() if is_own.any() else own.sum() * 0
    others = F.softplus(found.pairs)[negative].mean()
    moved = F.softplus(found.shifts)[is_own].mean() if is_own.any() else own.sum() * 0
    choice = own.sum() * 0
    if is_own.any():
        candidates = found.pairs.masked_fill(same, float("-inf"))
        rows, columns = candidates.logsumexp(dim=1), candidates.logsumexp(dim=0)
        times = torch.cat([own[:, None], found.shifts], dim=1).logsumexp(dim=1)
        choice = ((rows - own) + (columns - own) + (times - own))[is_own].mean()
    return weights.match * (2 * positives + others + moved) + weights.choice * choice
