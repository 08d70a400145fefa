"""Power in bands of equal width on the ERB scale, in even steps of time."""

from functools import cache

import numpy as np
import numpy.typing as npt

from avse.signal.erb import erb_from_hz, hz_from_erb
from avse.signal.resample import resample
from avse.types import Waveform

STEP_RATE_HZ = 100
"""Steps per second."""
BAND_RANGE_HZ = (100.0, 7000.0)
"""Outer edges of the lowest and the highest band."""

SAMPLE_RATE = 16000
"""Hz that powers are computed at."""
WINDOW, STEP = 512, SAMPLE_RATE // STEP_RATE_HZ
"""Samples."""

_CHUNK_STEPS = 6000
_HANN_ENERGY = 0.375 * WINDOW
"""Sum of the squared periodic Hann window."""


def band_edges_hz(n_bands: int) -> npt.NDArray[np.float64]:
    """Edges of the bands in Hz, `(n_bands + 1,)` rising; at most 32 bands, lest one hold no frequency."""
    lowest, highest = erb_from_hz(BAND_RANGE_HZ).tolist()
    return hz_from_erb(np.linspace(lowest, highest, n_bands + 1))


def band_powers(
    waveform: Waveform, *, sample_rate: int, n_bands: int, n_steps: int, first_step: int = 0
) -> npt.NDArray[np.float32]:
    """Mean power in each band, from Hann windows of 32 ms.

    Step `i` is centred at `i / STEP_RATE_HZ` seconds from the first sample; beyond the ends there is silence.

    Args:
        waveform: `(samples,)`, full scale +-1.
        sample_rate: Hz.
        n_bands: at most 32.
        n_steps: how many.
        first_step: index of the first one, perhaps negative.

    Returns:
        `(n_steps, n_bands)`; a full-scale sine has 0.5 in its band.
    """
    samples = resample(waveform, source_rate=sample_rate, target_rate=SAMPLE_RATE)
    start = first_step * STEP - WINDOW // 2
    stop = start + (n_steps - 1) * STEP + WINDOW
    kept = samples[max(0, start) : max(0, stop)]
    before = min(max(0, -start), stop - start)
    return window_powers(np.pad(kept, (before, stop - start - before - len(kept))), n_bands=n_bands)


def window_powers(samples: Waveform, *, n_bands: int) -> npt.NDArray[np.float32]:
    """Mean power in each band of every whole window, the first one from the first sample, `STEP` samples apart.

    Args:
        samples: `(samples,)` at `SAMPLE_RATE`.
        n_bands: at most 32.

    Returns:
        `(windows, n_bands)`.
    """
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP]
    powers = np.empty((len(windows), n_bands), dtype=np.float32)
    # An hour of windows at once would be several GB.
    for start in range(0, len(windows), _CHUNK_STEPS):
        spectrum = np.fft.rfft(windows[start : start + _CHUNK_STEPS] * hann, axis=1)
        powers[start : start + len(spectrum)] = spectrum_powers(spectrum, n_bands=n_bands)
    return powers


def spectrum_powers(spectrum: npt.NDArray[np.complexfloating], *, n_bands: int) -> npt.NDArray[np.float32]:
    """Mean power in each band of frames that were transformed with a Hann window of `WINDOW` samples.

    Args:
        spectrum: `(frames, WINDOW // 2 + 1)`, not normalised, of audio at `SAMPLE_RATE`.
        n_bands: at most 32.

    Returns:
        `(frames, n_bands)`; a full-scale sine has 0.5 in its band.
    """
    edges = _band_edges(n_bands)
    scale = 2 / (WINDOW * _HANN_ENERGY)
    power = scale * (spectrum.real**2 + spectrum.imag**2)
    return np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1).astype(np.float32)


@cache  # asked for in every frame of a call
def _band_edges(n_bands: int) -> npt.NDArray[np.int64]:
    """First frequency of each band, and the one after the last."""
    return np.ceil(band_edges_hz(n_bands) * WINDOW / SAMPLE_RATE).astype(np.int64)
