"""How a predicted cue differs from the true one, so that true cues can be spoiled alike in training."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from avse.signal.speech_cue import CUE_RATE_HZ
from avse.types import FloatArray
from recipes.lip_cue.measures import SETTLED_FRAMES, Watched, pearson

LAGS_FRAMES = (1, 2, 3, 5, 10, 25)
LEVELS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.01)


def describe_errors(watched: list[Watched]) -> dict[str, Any]:
    """Statistics over all settled frames with a face, of the dimensions in the order of the cue.

    The lag is how much later than the true cue the predicted one correlates best with it. The autocorrelation is that
    of the error. `predicted_given_true` has mean and standard deviation of the mean band for ranges of the true one.
    """
    pairs = [_settled(one) for one in watched]
    predicted, true = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    error = predicted - true
    return {
        "n_frames": len(true),
        "people": sorted({one.face.audio.name for one in watched}),
        "correlation": [_round(pearson(a, b)) for a, b in zip(predicted.T, true.T, strict=True)],
        "gain": [_round(_slope(b, a)) for a, b in zip(predicted.T, true.T, strict=True)],
        "offset": [_round(v) for v in predicted.mean(axis=0) - true.mean(axis=0)],
        "error_std": [_round(v) for v in error.std(axis=0)],
        "error_autocorrelation": {
            f"{1000 * lag / CUE_RATE_HZ:.0f} ms": _round(_autocorrelation([a - b for a, b in pairs], lag))
            for lag in LAGS_FRAMES
        },
        "error_correlation_between_bands": _round(_between(error[:, 1:])),
        "lag_ms": _round(1000 * _lag(pairs) / CUE_RATE_HZ),
        "predicted_given_true": _given(predicted[:, 1:].mean(axis=1), true[:, 1:].mean(axis=1)),
        "activity_missed": _round(float(np.mean(predicted[true[:, 0] > 0, 0] < 0.5))),
        "activity_false": _round(float(np.mean(predicted[true[:, 0] == 0, 0] >= 0.5))),
        "missed_run_ms": _runs([(a[:, 0] < 0.5) & (b[:, 0] > 0) for a, b in pairs]),
        "false_run_ms": _runs([(a[:, 0] >= 0.5) & (b[:, 0] == 0) for a, b in pairs]),
    }


def _settled(one: Watched) -> tuple[FloatArray, FloatArray]:
    rows = one.present & (np.arange(len(one.cue)) >= SETTLED_FRAMES)
    return one.cue[rows], one.face.audio.cue[rows]


def _slope(of: FloatArray, on: FloatArray) -> float:
    """Of the regression of the predicted values (`on`) on the true ones (`of`)."""
    centred = of - of.mean()
    return float((centred * on).sum() / max(float((centred**2).sum()), 1e-9))


def _autocorrelation(errors: list[FloatArray], lag: int) -> float:
    mean = np.concatenate(errors).mean(axis=0)
    products = sum(float(((e[lag:] - mean) * (e[:-lag] - mean)).sum()) for e in errors)
    squares = sum(float(((e - mean) ** 2).sum()) * (len(e) - lag) / len(e) for e in errors)
    return products / squares


def _between(errors: FloatArray) -> float:
    """Mean correlation of the errors of two bands."""
    matrix = np.asarray(np.corrcoef(errors.T))
    return float(matrix[np.logical_not(np.eye(len(matrix), dtype=np.bool_))].mean())


def _lag(pairs: list[tuple[FloatArray, FloatArray]]) -> int:
    predicted, true = ([p[i][:, 1:].mean(axis=1) for p in pairs] for i in (0, 1))
    lags = range(-5, 6)
    values = [
        np.mean([pearson(s[max(0, lag) : len(s) + min(0, lag)], t[max(0, -lag) : len(t) + min(0, -lag)])
                 for s, t in zip(predicted, true, strict=True)])
        for lag in lags
    ]  # fmt: skip
    return lags[int(np.argmax(values))]


def _given(predicted: FloatArray, true: FloatArray) -> dict[str, tuple[float, float]]:
    found = {}
    for low, high in pairwise(LEVELS):
        rows = (true >= low) & (true < high)
        if rows.sum() >= 20:
            found[f"{low:g} to {min(high, 1):g}"] = (
                _round(float(predicted[rows].mean())),
                _round(float(predicted[rows].std())),
            )
    return found


def _runs(flags: list[npt.NDArray[np.bool_]]) -> float:
    """Median length of runs of True, in ms."""
    lengths: list[int] = []
    for row in flags:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        lengths += list(edges[1::2] - edges[::2])
    return _round(1000 / CUE_RATE_HZ * float(np.median(lengths))) if lengths else 0.0


def _round(value: float) -> float:
    return round(float(value), 3)
