"""Power in bands of equal width on the ERB scale, in even steps of time."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from avse.signal.erb import erb_from_hz, hz_from_erb
from avse.signal.resample import resample

Waveform = npt.NDArray[np.float32]

STEP_RATE_HZ = 100
"""Steps per second."""
BAND_RANGE_HZ = (100.0, 7000.0)
"""Outer edges of the lowest and the highest band."""

_SAMPLE_RATE = 16000
_WINDOW, _STEP = 512, _SAMPLE_RATE // STEP_RATE_HZ
_CHUNK_STEPS = 6000


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
    samples = resample(waveform, source_rate=sample_rate, target_rate=_SAMPLE_RATE)
    edges = np.ceil(band_edges_hz(n_bands) * _WINDOW / _SAMPLE_RATE).astype(int)
    powers = np.empty((n_steps, n_bands), dtype=np.float32)
    # An hour of windows at once would be several GB.
    for start in range(0, n_steps, _CHUNK_STEPS):
        stop = min(start + _CHUNK_STEPS, n_steps)
        power = _powers(samples, first_step=first_step + start, n_steps=stop - start)
        for band, (low, high) in enumerate(pairwise(edges)):
            powers[start:stop, band] = power[:, low:high].sum(axis=1)
    return powers


def _powers(samples: Waveform, *, first_step: int, n_steps: int) -> npt.NDArray[np.float32]:
    """Power of each frequency, `(n_steps, freqs)`."""
    start = first_step * _STEP - _WINDOW // 2
    stop = start + (n_steps - 1) * _STEP + _WINDOW
    kept = samples[max(0, start) : max(0, stop)]
    before = min(max(0, -start), stop - start)
    padded = np.pad(kept, (before, stop - start - before - len(kept)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_STEP]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(np.float32)
    spectrum = np.fft.rfft(windows * hann, axis=1)
    scale = 2 / (_WINDOW * float(np.sum(hann.astype(np.float64) ** 2)))
    return np.asarray(scale * (spectrum.real**2 + spectrum.imag**2), dtype=np.float32)
