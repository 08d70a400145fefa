"""Scale-invariant signal-to-distortion ratio on tensors (Le Roux et al. 2019, "SDR - half-baked or well done?")."""

from torch import Tensor


def si_sdr_db(estimate: Tensor, reference: Tensor) -> Tensor:
    """Ratio of the part of the estimate that is the reference to the rest, means removed, in dB.

    Args:
        estimate: `(..., samples)`.
        reference: `(..., samples)` clean waveform, not silent.

    Returns:
        `(...)` dB; differentiable, bounded by a floor of 1e-8 on both powers.

    Examples:
        The level of the estimate has no effect. A tenth of an orthogonal signal is 20 dB below the reference:

        >>> import torch
        >>> reference, other = torch.tensor([1.0, -1.0, 1.0, -1.0]), torch.tensor([1.0, 1.0, -1.0, -1.0])
        >>> si_sdr_db(3 * (reference + 0.1 * other), reference).round(decimals=3).item()
        20.0
    """
    estimate = estimate - estimate.mean(dim=-1, keepdim=True)
    reference = reference - reference.mean(dim=-1, keepdim=True)
    scale = (estimate * reference).sum(-1, keepdim=True) / reference.square().sum(-1, keepdim=True).clamp_min(1e-8)
    target = scale * reference
    noise = estimate - target
    return 10 * (target.square().sum(-1).clamp_min(1e-8) / noise.square().sum(-1).clamp_min(1e-8)).log10()
