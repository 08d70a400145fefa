"""Losses that bring together what belongs together, without labels (Akbari et al. 2021, section 3.5).

Every pair of different samples in the batch is a negative, both ways: this video with the others' recordings, and this
audio with the others' videos. The paper does not say which pairs its one set N holds; these are all there are.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def mil_nce(
    anchor: Tensor,
    candidates: Tensor,
    *,
    present: Tensor | None = None,
    temperature: float = 0.07,
    official_code: bool = False,
) -> Tensor:
    """Multiple-instance noise-contrastive estimation (Miech et al. 2020, eq. 1): any candidate may be the right one.

    Args:
        anchor: `(batch, dim)`, of any length; cosines are compared.
        candidates: `(batch, n, dim)` of which at least one belongs to the anchor; with one it is plain NCE.
        present: `(batch,)` bool, True = the sample has both; others are skipped, as positives and as negatives.
        temperature: cosines are divided by it.
        official_code: as `AsymmetricNCE` of the official code: the positives count in both directions of the
            denominator, and anchors whose sample has no candidate stay negatives of the other samples' candidates.

    Returns:
        Scalar, mean over the samples that are present; 0 if none is.
    """
    absent = anchor[:0] if present is None else anchor[~present]
    if present is not None:
        anchor, candidates = anchor[present], candidates[present]
    if len(anchor) == 0:
        return anchor.sum() + candidates.sum()  # an empty sum is 0, and keeps the graph
    scores = _scores(anchor, candidates, temperature)
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)[:, :, None]
    positive = scores.diagonal().logsumexp(dim=0)
    of_anchor = scores.flatten(1)
    against = torch.cat([scores, _scores(absent, candidates, temperature)]) if official_code else scores
    of_candidate = (against if official_code else against.masked_fill(own, -math.inf)).transpose(0, 1).flatten(1)
    return (torch.cat([of_anchor, of_candidate], dim=1).logsumexp(dim=1) - positive).mean()


def nce(
    first: Tensor,
    second: Tensor,
    *,
    present: Tensor | None = None,
    temperature: float = 0.07,
    official_code: bool = False,
) -> Tensor:
    """Noise-contrastive estimation: `mil_nce` with the one candidate `second`, `(batch, dim)`."""
    return mil_nce(first, second[:, None], present=present, temperature=temperature, official_code=official_code)


def _scores(anchor: Tensor, candidates: Tensor, temperature: float) -> Tensor:
    """Cosines over the temperature, `(anchors, samples, candidates)`."""
    cosines = torch.einsum("id,jnd->ijn", F.normalize(anchor, dim=-1), F.normalize(candidates, dim=-1))
    return cosines.float() / temperature
