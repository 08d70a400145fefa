"""The short-time Fourier transform on tensors, and the log power that networks read.

Frames are centred: frame `i` is the window around sample `i * hop`, with zeros beyond the ends, so that
a chunk of a recording has the same frames as the whole (`avse.signal.stft_stream` is the streaming twin).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from avse.signal.clock import n_audio_frames
from avse.signal.stft_config import StftConfig

POWER_FLOOR = 1e-8
"""Added to the power before the logarithm: about the power per bin of 16-bit rounding, full scale +-1."""


def stft(waveform: Tensor, config: StftConfig) -> Tensor:
    """Short-time Fourier transform with a periodic Hann window.

    Args:
        waveform: `(..., samples)`.
        config: window and hop.

    Returns:
        `(..., freqs, frames)` complex, `config.n_freqs` and `clock.n_audio_frames` of them.
    """
    window, hop, n_samples = config.window, config.hop, waveform.shape[-1]
    whole_hops = (n_audio_frames(n_samples, hop=hop) - 1) * hop
    flat = F.pad(waveform.reshape(-1, n_samples), (0, whole_hops - n_samples))
    hann = torch.hann_window(window, device=waveform.device)
    spectrum = torch.stft(flat, window, hop, window=hann, center=True, pad_mode="constant", return_complex=True)
    return spectrum.reshape(*waveform.shape[:-1], *spectrum.shape[-2:])


def istft(spectrum: Tensor, config: StftConfig, *, n_samples: int) -> Tensor:
    """Inverse of `stft`: weighted overlap-add, normalised by the sum of squared windows.

    Args:
        spectrum: `(..., freqs, frames)` complex.
        config: as in `stft`.
        n_samples: length to return.

    Returns:
        `(..., n_samples)`.

    Examples:
        >>> waveform = torch.linspace(-1, 1, 1000)
        >>> config = StftConfig(window=512, hop=256, sample_rate=16000)
        >>> spectrum = stft(waveform, config)
        >>> tuple(spectrum.shape)  # (freqs, frames)
        (257, 5)
        >>> torch.allclose(istft(spectrum, config, n_samples=1000), waveform, atol=1e-6)
        True
    """
    flat = spectrum.reshape(-1, *spectrum.shape[-2:])
    hann = torch.hann_window(config.window, device=spectrum.device)
    waveform = torch.istft(flat, config.window, config.hop, window=hann, center=True, length=n_samples)
    return waveform.reshape(*spectrum.shape[:-2], n_samples)


def log_power(spectrum: Tensor) -> Tensor:
    """Natural logarithm of the power, floored by `POWER_FLOOR`.

    Args:
        spectrum: `(...)` complex.

    Returns:
        `(...)` real, at least ln(1e-8) = -18.4.
    """
    return torch.log(spectrum.real.square() + spectrum.imag.square() + POWER_FLOOR)
