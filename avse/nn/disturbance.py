"""How much a listener is disturbed, as PESQ reckons it, with gradients: for training.

After ITU-T P.862 (2001) and P.862.2 (2007), with five liberties: no time alignment, which training does not need;
levels are aligned and the input is filtered in the frequency domain; the bands are of equal width on Schroeder's Bark
scale; the threshold in quiet is Terhardt's formula (1979); no frame's disturbance is cut off. The score that is
reported is never this one, but `avse.metrics.pesq`; `tests/unit/nn/test_disturbance.py` compares the two.
"""

import math

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.signal.decibel import power_ratio
from avse.signal.stft import stft
from avse.signal.stft_config import StftConfig

STFT = StftConfig(window=512, hop=256, sample_rate=16000)
"""32 ms, half overlapped; P.862.2 is of wide-band speech."""
N_BANDS = 49
LEVEL_HZ = (300.0, 3000.0)
"""Hz; levels are aligned by the power between these."""
LISTENING_LEVEL_DB = 93.0
"""dB, power of the bands re the threshold's 0 dB SPL: what P.862's calibration of 16-bit samples comes to."""
LOUDNESS_POWER, LOUDNESS_SCALE = 0.23, 0.187
"""Zwicker's exponent, and the factor that makes a tone of 1 kHz at 40 dB SPL one sone."""
DEAD_ZONE = 0.25
"""Share of the softer loudness that a difference must exceed to be heard."""
AUDIBLE_POWER = 1e7
"""Power of a frame, re 0 dB SPL, below which the reference is silent."""
LONGEST_FRAMES, STRIDE = 20, 10
"""Frames of a stretch, over which the worst counts most, and between two stretches."""
MOST, SLOPE_ABOVE = 45.0, 0.1
"""P.862 bounds a frame's disturbance by this; here what is above counts a tenth, so that gradients do not vanish."""


class Disturbance(nn.Module):
    """Symmetric and asymmetric disturbance of an estimate against a reference."""

    bands: Tensor
    widths: Tensor
    threshold: Tensor
    input_filter: Tensor
    level: Tensor

    def __init__(self) -> None:
        """Set up bands, threshold and filters."""
        super().__init__()
        freqs_hz = np.linspace(0.0, STFT.sample_rate / 2, STFT.n_freqs, dtype=np.float64)
        weights, widths, centres_hz = bark_bands(freqs_hz)
        level = (freqs_hz >= LEVEL_HZ[0]) & (freqs_hz <= LEVEL_HZ[1])
        for name, values in (
            ("bands", weights),
            ("widths", widths),
            ("threshold", power_ratio(threshold_in_quiet_db(centres_hz))),
            ("input_filter", input_filter_gain(freqs_hz)),
            ("level", level),
        ):
            self.register_buffer(name, torch.from_numpy(np.asarray(values, dtype=np.float32)), persistent=False)

    def forward(self, estimate: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
        """Compare waveforms of the same length.

        Args:
            estimate: `(batch, samples)` at 16 kHz; levels do not matter.
            reference: `(batch, samples)` clean.

        Returns:
            Symmetric and asymmetric disturbance, `(batch,)` each; the second counts what was added, and not what is
            missing.
        """
        degraded, original = self._band_powers(estimate), self._band_powers(reference)
        # What a linear filter did to the whole recording disturbs less than what changes over time.
        is_loud = (self._audible(original, 100.0) >= AUDIBLE_POWER)[..., None]
        means = [(p * (p > 100 * self.threshold) * is_loud).mean(dim=1, keepdim=True) for p in (degraded, original)]
        original = original * ((means[0] + 1e3) / (means[1] + 1e3)).clamp(0.01, 100.0)
        ratio = (self._audible(original, 1.0) + 5e3) / (self._audible(degraded, 1.0) + 5e3)
        ratio = 0.8 * ratio + 0.2 * F.pad(ratio[:, :-1], (1, 0), value=1.0)
        degraded = degraded * ratio.clamp(3e-4, 5.0)[..., None]
        return self._disturbances(degraded, original)

    def _disturbances(self, degraded: Tensor, original: Tensor) -> tuple[Tensor, Tensor]:
        loud, reference = self._loudness(degraded), self._loudness(original)
        difference = loud - reference
        audible = (difference.abs() - DEAD_ZONE * torch.minimum(loud, reference)).clamp_min(0) * difference.sign()
        asymmetry = ((degraded + 50) / (original + 50)) ** 1.2
        asymmetry = torch.where(asymmetry < 3, 0.0, asymmetry.clamp_max(12.0))
        softer = ((self._audible(original, 1.0) + 1e5) / 1e7) ** 0.04
        frames = self._norm(audible, 2) / softer, self._norm(audible * asymmetry, 1) / softer
        symmetric, asymmetric = (over_time(bounded(values)) for values in frames)
        return symmetric, asymmetric

    def _band_powers(self, waveform: Tensor) -> Tensor:
        """`(batch, frames, bands)` re 0 dB SPL, at the listening level."""
        power = stft(waveform, STFT).abs().square().transpose(1, 2)
        speech = (power * self.level).sum(dim=-1).mean(dim=1)[:, None, None]
        aligned = power * (power_ratio(LISTENING_LEVEL_DB) / speech.clamp_min(1e-8))
        return (aligned * self.input_filter.square()) @ self.bands

    def _audible(self, powers: Tensor, factor: float) -> Tensor:
        """`(batch, frames)` power of the bands that are above the threshold in quiet times a factor."""
        return (powers * (powers > factor * self.threshold)).sum(dim=-1)

    def _loudness(self, powers: Tensor) -> Tensor:
        """Sone per Bark (Zwicker); 0 below the threshold in quiet."""
        scale = LOUDNESS_SCALE * (self.threshold / 0.5) ** LOUDNESS_POWER
        return scale * ((0.5 + 0.5 * powers / self.threshold).clamp_min(1.0) ** LOUDNESS_POWER - 1)

    def _norm(self, values: Tensor, power: int) -> Tensor:
        """Norm over bands, weighted by their widths."""
        total = self.widths.sum()
        products = ((values.abs() * self.widths) ** power).sum(dim=-1) / total
        return (products + 1e-12) ** (1 / power) * total


def bounded(disturbance: Tensor) -> Tensor:
    """Disturbances of frames, `(batch, frames)`, those above `MOST` much reduced."""
    return torch.minimum(disturbance, MOST + SLOPE_ABOVE * (disturbance - MOST))


def over_time(disturbance: Tensor) -> Tensor:
    """One number for each recording: the worst frames of a stretch count most (power 6), then a root mean square.

    Args:
        disturbance: `(batch, frames)`.
    """
    missing = max(0, LONGEST_FRAMES - disturbance.shape[1])
    stretches = F.pad(disturbance, (0, missing)).unfold(1, LONGEST_FRAMES, STRIDE)
    worst = ((stretches**6).mean(dim=-1) + 1e-12) ** (1 / 6)
    return (worst.square().mean(dim=-1) + 1e-12).sqrt()


def predicted_pesq(symmetric: Tensor, asymmetric: Tensor) -> Tensor:
    """About what PESQ-WB says of disturbances `(batch,)`: 1.0 to 4.64 (P.862, 10.2.7, and P.862.2, equation 1)."""
    raw = 4.5 - 0.1 * symmetric - 0.0309 * asymmetric
    return 0.999 + 4 / (1 + torch.exp(-1.3669 * raw + 3.8224))


def bark_bands(freqs_hz: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Bands of equal width on the Bark scale `7 asinh(f / 650)` (Schroeder et al. 1979).

    Args:
        freqs_hz: of the transform's bins, equally spaced from 0.

    Returns:
        `(freqs, bands)` the share of each bin that lies in each band, times what a bin of the power sum stands for;
        `(bands,)` widths in Bark; `(bands,)` centres in Hz.
    """
    edges_bark = np.linspace(0, 7 * math.asinh(freqs_hz[-1] / 650), N_BANDS + 1)
    edges_hz = 650 * np.sinh(edges_bark / 7)
    half = (freqs_hz[1] - freqs_hz[0]) / 2
    low, high = freqs_hz[:, None] - half, freqs_hz[:, None] + half
    overlap = np.minimum(high, edges_hz[1:]) - np.maximum(low, edges_hz[:-1])
    centres_hz = 650 * np.sinh((edges_bark[1:] + edges_bark[:-1]) / 14)
    weights = np.maximum(0, overlap) / (2 * half)
    weights[0] = 0  # no constant part
    return weights, np.diff(edges_bark), centres_hz


def threshold_in_quiet_db(freqs_hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Softest tone that is heard at each frequency, `(freqs,)`, dB SPL (Terhardt 1979)."""
    khz = freqs_hz / 1000
    level = 3.64 * khz**-0.8 - 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4
    return np.asarray(np.minimum(level, 80.0))


def input_filter_gain(freqs_hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Gain of the input filter of P.862.2 (section 7) at each `(freqs,)`: a high-pass of 100 Hz, made 1 at 1 kHz."""
    shifts = np.exp(-2j * np.pi * freqs_hz / STFT.sample_rate)
    reference = np.exp(-2j * np.pi * 1000 / STFT.sample_rate)

    def gain(z: npt.NDArray[np.complex128] | complex) -> npt.NDArray[np.float64]:
        return np.asarray(np.abs((1 - 2 * z + z**2) / (1 - 1.9444777 * z + 0.94597794 * z**2)))

    return np.asarray(gain(shifts) / gain(reference))
