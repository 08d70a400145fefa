"""Three steps of HASPI and HASQI as pyclarity has them, in a tenth of the time.

They take more than half of the package's time and give the same numbers within rounding (tested against it). Names and
order of arguments are the package's, whose functions they stand in for.
"""

from math import floor
from typing import Final

import numpy as np
from scipy import fft

from avse.types import Series

LAG_S: Final = 0.001
"""How far apart the best match of two segments may lie."""
TINY: Final = 1e-30
"""Power below which a segment is silent and correlates with nothing."""


def env_filter(
    reference_db: Series, processed_db: Series, filter_cutoff: float, freq_sub_sample: float, freq_samp: float
) -> tuple[Series, Series]:
    """Smooth envelopes with a Hann window and keep some of their samples; only those are computed.

    The package convolves all samples and then drops all but every ninth.

    Args:
        reference_db: `(bands, samples)`.
        processed_db: `(bands, samples)`.
        filter_cutoff: Hz at which the window takes 3 dB.
        freq_sub_sample: Hz wanted.
        freq_samp: Hz of the envelopes.

    Returns:
        Both as `(samples kept, bands)`.
    """
    half = round(0.7 / filter_cutoff * freq_samp) // 2
    rise = 0.5 * (1 - np.cos(2 * np.pi * np.arange(1, half + 1) / (2 * half + 1)))
    window = np.concatenate([rise, rise[::-1]]) / (2 * rise.sum())
    hop = floor(freq_samp / freq_sub_sample)

    def smooth(envelopes: Series) -> Series:
        padded = np.pad(envelopes, ((0, 0), (half - 1, half)))
        smoothed: Series = np.lib.stride_tricks.sliding_window_view(padded, 2 * half, axis=1)[:, ::hop] @ window
        return smoothed.T

    return smooth(reference_db), smooth(processed_db)


def env_smooth(envelopes: Series, segment_size: float, sample_rate: float) -> Series:
    """Means of envelopes in short segments under a Hann window; arguments as of `bm_covary`.

    Returns:
        `(bands, segments)`.
    """
    window = _window(segment_size, sample_rate)
    parts = [segments @ weights / weights.sum() for segments, weights in _segments(envelopes, window)]
    return np.concatenate(parts, axis=1)


def bm_covary(
    reference_basilar_membrane: Series, processed_basilar_membrane: Series, segment_size: float, sample_rate: float
) -> tuple[Series, Series, Series]:
    """Covariance of two ears' vibrations in short segments, at the lag where it is largest.

    The package correlates segment by segment; here all segments of a band are correlated at once.

    Args:
        reference_basilar_membrane: `(bands, samples)`.
        processed_basilar_membrane: `(bands, samples)`.
        segment_size: ms; segments overlap by half, and the first and the last are half as long.
        sample_rate: Hz.

    Returns:
        Each `(bands, segments)`: covariance of 0 to 1, mean square of the reference, and of the processed.
    """
    window, lag = _window(segment_size, sample_rate), round(LAG_S * sample_rate)
    bands = []
    for pair in zip(reference_basilar_membrane, processed_basilar_membrane, strict=True):
        parts = [_covariance(segments, weights, lag) for segments, weights in _segments(np.stack(pair), window)]
        bands.append(np.concatenate(parts, axis=1))
    covariance, reference_power, processed_power = np.stack(bands, axis=1)
    # An envelope's mean square is twice that of the vibration in it.
    return np.clip(covariance, 0, 1), 2 * reference_power, 2 * processed_power


def _window(segment_size: float, sample_rate: float) -> Series:
    size = round(segment_size * 0.001 * sample_rate)
    return np.hanning(size + size % 2)


def _segments(waveforms: Series, window: Series) -> list[tuple[Series, Series]]:
    """The first half of a segment, all whole ones and the last half: `(rows, segments, samples)` and their windows."""
    size, n_samples = len(window), waveforms.shape[1]
    half = size // 2
    last = half * (n_samples // size + (n_samples - half) // size)
    whole = np.lib.stride_tricks.sliding_window_view(waveforms, size, axis=1)[:, half:last:half]
    return [
        (waveforms[:, None, :half], window[half:]),
        (whole, window),
        (waveforms[:, None, last : last + half], window[:half]),
    ]


def _covariance(segments: Series, window: Series, lag: int) -> Series:
    """Of segments, `(2, segments, samples)`, under a window: covariance, power, power, as `(3, segments)`."""
    windowed = segments * window
    centred = windowed - windowed.mean(axis=2, keepdims=True)
    powers = np.sum(centred**2, axis=2) / np.sum(window**2)
    unbiased = np.abs(_correlate(centred[0], centred[1], lag)) / _correlate(window, window, lag)
    loud = (powers > TINY).all(axis=0)
    scale = np.sqrt(np.where(loud, powers.prod(axis=0), 1.0))
    return np.stack([np.where(loud, unbiased.max(axis=1), 0.0) / scale, *powers])


def _correlate(first: Series, second: Series, lag: int) -> Series:
    """Correlations at lags up to `lag` to each side, along the last axis."""
    length = fft.next_fast_len(first.shape[-1] + lag, real=True)
    spectrum = fft.rfft(first, length) * np.conj(fft.rfft(second, length))
    around: Series = fft.irfft(spectrum, length)
    return np.concatenate([around[..., -lag:], around[..., : lag + 1]], axis=-1)
