"""The speech cue: what is being said now, in nine numbers per video frame that do not depend on who says it.

Voice activity and the energy of eight bands, each relative to the speaker's own active level in that band. It is
*computed* from clean speech to train an enhancer that is steered by it, and *predicted* from a moving mouth when the
enhancer runs: both sides agree on this file.

Row `k` belongs to the video time `k / CUE_RATE_HZ` seconds from the first sample, and covers the power around it: 10-ms
steps of a 32-ms Hann window, the five whose centres lie within 20 ms, the outer two by half.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.signal.band_power import STEP_RATE_HZ, band_powers
from avse.signal.clock import n_video_frames
from avse.types import Waveform

Cue = npt.NDArray[np.float32]

CUE_RATE_HZ = 25.0
"""Cues per second: those of common video."""
N_BANDS = 8
"""Equally wide on the ERB scale, 100 Hz to 7 kHz: `band_power.band_edges_hz(N_BANDS)`."""
CUE_DIM = 1 + N_BANDS
"""Voice activity first, then the bands from low to high."""
RANGE_DB = 30.0
"""A band's number is 1 at the speaker's active level and 0 this much below."""

_STEPS_PER_CUE = round(STEP_RATE_HZ / CUE_RATE_HZ)
_WEIGHTS = np.array([0.5, 1, 1, 1, 0.5]) / _STEPS_PER_CUE
_ACTIVE_PERCENTILE = 95
"""Of the level over time; the active level: robust against one click, reached even where one speaks little."""
_FLOOR_PERCENTILE = 5
_LEAST_POWER = 1e-10
"""Mean power of the loudest frames, -100 dB relative to full scale, below which nobody speaks."""
_EMPTY_BAND_DB = -45.0
"""A band whose active level lies lower than this below the whole is empty, as those above 4 kHz on a telephone line."""
_ACTIVE_DB, _ABOVE_FLOOR_DB, _LEAST_ACTIVE_DB = -30.0, 8.0, -15.0
_BRIDGED_FRAMES = 3
"""Pauses up to so many frames (120 ms) within speech, such as closures of plosives, count as speech."""


def speech_cue(waveform: Waveform, *, sample_rate: int, n_frames: int | None = None) -> Cue:
    """Describe clean speech by voice activity and relative band energies.

    Active levels are those of this waveform, so it should hold a few seconds of one speaker.

    Args:
        waveform: `(samples,)` clean speech of one person; the overall level does not matter.
        sample_rate: Hz.
        n_frames: rows to return; by default those whose times lie within the waveform. Beyond it they are 0.

    Returns:
        `(n_frames, CUE_DIM)` in [0, 1]: voice activity (0 or 1), then each band's position between `RANGE_DB` below
        the speaker's active level in it and that level. All 0 where the waveform is silent.

    Raises:
        InputError: the waveform is not one row of finite samples.
    """
    if waveform.ndim != 1 or not np.isfinite(waveform).all():
        raise InputError(f"clean speech must be one row of finite samples but has the shape {waveform.shape}; check it")
    if n_frames is None:
        n_frames = n_video_frames(len(waveform), sample_rate=sample_rate, rate_hz=CUE_RATE_HZ)
    if n_frames == 0:
        return np.zeros((0, CUE_DIM), dtype=np.float32)
    power = _powers_around(waveform, sample_rate=sample_rate, n_frames=n_frames)
    total = power.sum(axis=1)
    if np.percentile(total, _ACTIVE_PERCENTILE) < _LEAST_POWER:
        return np.zeros((n_frames, CUE_DIM), dtype=np.float32)
    active = _voice_activity(_decibels(total))
    levels_db = _decibels(power)
    active_db = np.percentile(levels_db[active], _ACTIVE_PERCENTILE, axis=0)
    active_db = np.maximum(active_db, np.percentile(_decibels(total)[active], _ACTIVE_PERCENTILE) + _EMPTY_BAND_DB)
    bands = np.clip((levels_db - active_db) / RANGE_DB + 1, 0, 1)
    return np.concatenate([active[:, None], bands], axis=1).astype(np.float32)


def _powers_around(waveform: Waveform, *, sample_rate: int, n_frames: int) -> npt.NDArray[np.float64]:
    """Mean power in each band around each video frame's time, `(n_frames, N_BANDS)`."""
    half = len(_WEIGHTS) // 2
    n_steps = (n_frames - 1) * _STEPS_PER_CUE + 2 * half + 1
    powers = band_powers(waveform, sample_rate=sample_rate, n_bands=N_BANDS, n_steps=n_steps, first_step=-half)
    around = np.lib.stride_tricks.sliding_window_view(powers, len(_WEIGHTS), axis=0)[::_STEPS_PER_CUE]
    return np.asarray(around @ _WEIGHTS)


def _voice_activity(level_db: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Frames in which somebody speaks, by the level over time, `(n,)` dB."""
    active_db = np.percentile(level_db, _ACTIVE_PERCENTILE)
    above_floor = np.percentile(level_db, _FLOOR_PERCENTILE) + _ABOVE_FLOOR_DB
    # Where nobody ever pauses the lowest level is speech: the threshold never comes near the active level.
    threshold = active_db + max(_ACTIVE_DB, min(above_floor - active_db, _LEAST_ACTIVE_DB))
    active = level_db >= threshold
    rows = np.flatnonzero(active)
    for before, after in pairwise(rows):
        if after - before <= _BRIDGED_FRAMES + 1:
            active[before:after] = True
    return np.asarray(active)


def _decibels(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(10 * np.log10(np.maximum(power, 1e-15)))
