"""The loss of an enhanced spectrum and its waveform."""

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from avse.nn.disturbance import Disturbance
from avse.nn.losses import compressed_mse
from avse.signal.stft import istft, stft
from avse.signal.stft_config import StftConfig
from recipes.steered.loss_config import LossConfig

WINDOWS = (256, 1024)
"""Samples, beside those of the network's own spectrum; with hops of a half."""
MOST_SNR_DB = 30.0
"""A better SNR than this brings nothing more, so that clear speech does not outvote the rest."""


def waveform_of(spectrum: Tensor, config: StftConfig, *, n_samples: int) -> Tensor:
    """Waveforms `(batch, samples)` of a spectrum `(batch, 2, frames, freqs)`."""
    parts = torch.complex(spectrum[:, 0].float(), spectrum[:, 1].float()).transpose(1, 2)
    return istft(parts, config, n_samples=n_samples)


def parts_of(waveform: Tensor, config: StftConfig) -> Tensor:
    """Spectrum `(batch, 2, frames, freqs)` of waveforms `(batch, samples)`."""
    return torch.view_as_real(stft(waveform, config)).permute(0, 3, 2, 1)


def enhancement_losses(spectrum: Tensor, clean: Tensor, config: StftConfig, *, weights: LossConfig) -> Tensor:
    """Errors of the spectrum, of the waveform's magnitudes at several resolutions, and of the waveform.

    Args:
        spectrum: `(batch, 2, frames, freqs)` estimate.
        clean: `(batch, samples)` target.
        config: of the spectrum.
        weights: of the terms.

    Returns:
        `(batch,)`.
    """
    # Every example counts the same, however loud it is.
    level = clean.square().mean(dim=-1, keepdim=True).clamp_min(1e-10).sqrt()
    estimate = waveform_of(spectrum, config, n_samples=clean.shape[-1]) / level
    target = clean / level
    magnitude, parts = compressed_mse(spectrum / level[:, :, None, None], parts_of(target, config))
    total = weights.magnitude * magnitude + weights.parts * parts
    if weights.resolutions:
        others = [replace(config, window=size, hop=size // 2) for size in WINDOWS]
        errors = [compressed_mse(parts_of(estimate, other), parts_of(target, other)) for other in others]
        total = total + weights.resolutions * torch.stack([error[0] for error in errors]).mean(dim=0)
    if weights.disturbance:
        symmetric, asymmetric = _disturbance(estimate.device)(estimate, target)
        total = total + weights.disturbance * (0.1 * symmetric + 0.0309 * asymmetric)
    return total - weights.snr * snr_db(estimate, target).clamp_max(MOST_SNR_DB)


@cache
def _disturbance(device: torch.device) -> Disturbance:
    return Disturbance().to(device)


def snr_db(estimate: Tensor, target: Tensor) -> Tensor:
    """SNR of `(batch, samples)` in dB, `(batch,)`; a wrong level counts as an error."""
    error = (estimate - target).square().sum(dim=-1)
    return 10 * torch.log10(target.square().sum(dim=-1).clamp_min(1e-8) / error.clamp_min(1e-8))
