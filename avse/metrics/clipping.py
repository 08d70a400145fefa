"""Whether a waveform was cut off at full scale."""

from typing import Final

import numpy as np

from avse.types import FloatWaveform

FULL_SCALE: Final = 32767 / 32768
"""The greatest positive sample of 16 bits; that of more bits lies above it."""
SHORTEST_RUN: Final = 3
"""Samples in a row: what was set to full scale at its peak reaches it with one, or two."""


def n_clipped(waveform: FloatWaveform) -> int:
    """Count samples that stand in a row of equal ones at full scale or beyond.

    Floating-point samples beyond full scale that differ from one another are whole. What was clipped before it was
    coded with loss, or turned down, is not found.

    Args:
        waveform: `(..., samples)`.

    Returns:
        Over all channels.

    Examples:
        >>> n_clipped(np.array([0.5, 1.0, 1.0, 1.0, 0.2, 1.0]))
        3
    """
    at_scale = np.abs(waveform) >= FULL_SCALE
    if not at_scale.any():
        return 0
    joined = at_scale[..., 1:] & (waveform[..., 1:] == waveform[..., :-1])
    in_run = np.zeros(waveform.shape, dtype=bool)
    n_starts = waveform.shape[-1] - SHORTEST_RUN + 1
    if n_starts < 1:
        return 0
    whole = np.lib.stride_tricks.sliding_window_view(joined, SHORTEST_RUN - 1, axis=-1).all(axis=-1)
    for offset in range(SHORTEST_RUN):
        in_run[..., offset : offset + n_starts] |= whole
    return int(in_run.sum())
