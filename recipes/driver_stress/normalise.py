"""Causal normalisation by driver: every value relative to what the same driver's sensors have measured so far.

All of drivedb's drivers rest for fifteen minutes before they drive, so that this is relative to rest at first: a
deployed system has to ask for the same. It is a stage of its own, the same for networks and baselines.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from avse.drives.drive import Drive, Signal
from avse.types import Features
from recipes.driver_stress.features import window_features

FEWEST_S = 60.0
"""Seconds of data before anything but 0 is given: a standard deviation of less means nothing."""
LIMIT = 5.0
"""Largest distance from the mean, standard deviations."""
HAND = "handcrafted"
"""Name of the modality of hand-crafted features."""
STEP_S = 10
"""Seconds between hand-crafted features, for training windows may begin at any second."""


def running_zscore(
    values: npt.NDArray[np.floating], mask: npt.NDArray[np.bool_], *, n_fewest: int
) -> npt.NDArray[np.float64]:
    """Distance from the mean so far, in standard deviations so far; causal.

    Args:
        values: `(channels, time)`.
        mask: the same shape, True = real data; the rest counts for nothing.
        n_fewest: samples of a channel before which the result is 0.

    Returns:
        `(channels, time)` in [-LIMIT, LIMIT], 0 where nothing is known.

    Examples:
        >>> running_zscore(np.array([[1.0, 3.0, 2.0, 5.0]]), np.ones((1, 4), bool), n_fewest=2).round(2)
        array([[0.  , 1.  , 0.  , 1.52]])
    """
    known = np.where(mask, values, 0).astype(np.float64)
    count = np.cumsum(mask, axis=1)
    # Relative to a value of the channel itself, or squares of large numbers would leave nothing of small changes.
    first = np.take_along_axis(known, mask.argmax(axis=1)[:, None], axis=1)
    shifted = np.where(mask, known - first, 0)
    mean = np.cumsum(shifted, axis=1) / np.maximum(count, 1)
    variance = np.cumsum(shifted**2, axis=1) / np.maximum(count, 1) - mean**2
    std = np.sqrt(np.maximum(variance, 0))
    ready = mask & (count >= n_fewest) & (std > 1e-9)
    score = np.divide(shifted - mean, std, out=np.zeros_like(shifted), where=ready)
    return np.clip(score, -LIMIT, LIMIT)


def normalised(drive: Drive) -> Drive:
    """A drive whose signals are relative to the driver's own past."""
    signals = {}
    for name, signal in drive.signals.items():
        score = running_zscore(signal.values, signal.mask, n_fewest=round(FEWEST_S * signal.rate_hz))
        signals[name] = replace(signal, values=score.astype(np.float32))
    return replace(drive, signals=signals)


def normalised_features(features: Features, *, step_s: int) -> npt.NDArray[np.float64]:
    """Hand-crafted features `(windows, features)` relative to the driver's own past; NaN stays."""
    mask = np.isfinite(features)
    score = running_zscore(features.T, mask.T, n_fewest=max(2, round(FEWEST_S / step_s))).T
    return np.where(mask, score, np.nan)


def with_handcrafted(drive: Drive, like: Drive, *, window_s: int, context_s: int) -> Drive:
    """A drive with hand-crafted features as one more modality, each held until the next one is known.

    Args:
        drive: that gets the modality.
        like: the same drive in its own units, from which features are computed.
        window_s: seconds that a feature is of.
        context_s: seconds that its means look back.
    """
    raw = window_features(like, window_s=window_s, context_s=context_s, step_s=STEP_S)
    score = normalised_features(raw, step_s=STEP_S)
    mask = np.repeat(np.isfinite(score).T, STEP_S, axis=1)
    values = np.repeat(np.nan_to_num(score).T, STEP_S, axis=1).astype(np.float32)
    names = tuple(f"feature_{number}" for number in range(len(values)))
    return replace(drive, signals={**drive.signals, HAND: Signal(values, mask, 1.0, names)})
