"""Errors of a speech cue as lips give it: a clean cue is computed from speech, and spoiled as a lip network errs.

So an enhancer learns from thousands of voices to use a cue, though only a few dozen faces are there to learn lips from.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.data.augment import bernoulli
from avse.signal.speech_cue import CUE_RATE_HZ, Cue


@dataclass(frozen=True)
class CueErrorConfig:
    """How a clean cue is spoiled. Probabilities are in [0, 1]."""

    correlation_min: float = 0.35
    """Least correlation of a spoiled with its clean number over time. Those of the lip network on people whom it has
    not seen are 0.57 to 0.82 on average (`recipes/lip_cue/README.md`, where the other defaults come from, too)."""
    correlation_max: float = 0.95
    """Largest correlation."""
    shared_share: float = 0.5
    """Share of the error's variance that all nine numbers have in common."""
    error_time_constant_s: float = 0.13
    """s; time constant of the error's autocorrelation."""
    smoothing_s: float = 0.08
    """s; largest time constant of the smoothing."""
    lag_s: float = 0.06
    """s; the cue comes early or late by at most this much."""
    missing_probability: float = 0.05
    """Chance that there is no cue at all."""
    gap_probability: float = 0.2
    """Chance that the cue is missing for part of the time."""
    offset_min: float = -0.05
    """Least constant error, of all nine numbers together."""
    offset_max: float = 0.15
    """Largest constant error: lips take more for speech than is heard."""


class SpoiledCue(NamedTuple):
    """What an enhancer is shown."""

    cue: Cue
    """`(frames, CUE_DIM)` in [0, 1]."""
    present: npt.NDArray[np.bool_]
    """`(frames,)`."""


def spoil(cue: Cue, *, config: CueErrorConfig, rng: np.random.Generator) -> SpoiledCue:
    """Spoil a clean cue.

    Args:
        cue: `(frames, CUE_DIM)` as `speech_cue` gives it.
        config: how.
        rng: source of randomness.
    """
    n_frames = len(cue)
    lag = round(rng.uniform(-config.lag_s, config.lag_s) * CUE_RATE_HZ)
    shifted = cue[np.clip(np.arange(n_frames) - lag, 0, n_frames - 1)]
    smooth = _leaky_mean(shifted, time_constant=rng.uniform(0, config.smoothing_s) * CUE_RATE_HZ)
    correlation = rng.uniform(config.correlation_min, config.correlation_max)
    mean, std = smooth.mean(axis=0), smooth.std(axis=0)
    error = _error(cue.shape, config=config, rng=rng) * std
    spoiled = mean + correlation**2 * (smooth - mean) + correlation * np.sqrt(1 - correlation**2) * error
    spoiled += rng.uniform(config.offset_min, config.offset_max)
    present = np.ones(n_frames, dtype=bool)
    if bernoulli(config.missing_probability, rng):
        present[:] = False
    elif bernoulli(config.gap_probability, rng):
        first, last = sorted(rng.integers(0, n_frames + 1, size=2))
        present[first:last] = False
    return SpoiledCue(np.clip(spoiled, 0, 1).astype(np.float32), present)


def _error(shape: tuple[int, ...], *, config: CueErrorConfig, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Correlated Gaussian noise of unit variance, `(frames, numbers)`."""
    own, shared = rng.standard_normal(shape), rng.standard_normal((shape[0], 1))
    white = np.sqrt(1 - config.shared_share) * own + np.sqrt(config.shared_share) * shared
    slow = _leaky_mean(white, time_constant=config.error_time_constant_s * CUE_RATE_HZ)
    return np.asarray(slow / np.maximum(slow.std(axis=0), 1e-3))


def _leaky_mean(values: npt.NDArray[np.floating], *, time_constant: float) -> npt.NDArray[np.float64]:
    """Exponential mean over the first axis, with a time constant in frames."""
    keep = np.exp(-1 / time_constant) if time_constant > 0 else 0.0
    smoothed = np.empty(values.shape)
    state = np.asarray(values[:1], dtype=np.float64).sum(axis=0)
    for row, value in enumerate(values):
        state = keep * state + (1 - keep) * value
        smoothed[row] = state
    return smoothed
