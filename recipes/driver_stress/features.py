"""What people read from windows by hand, for the classifiers that a network is compared with."""

from collections.abc import Callable

import numpy as np

from avse.drives.drive import Drive, Signal
from avse.drives.ecg import find_beats
from avse.drives.heart import HRV_NAMES, hrv_features
from avse.drives.physiology import breath_features, skin_features
from avse.types import Features, FloatArray


def window_features(drive: Drive, *, window_s: int, context_s: int, step_s: int | None = None) -> Features:
    """Features of every window, and their means over the windows of the last `context_s` seconds.

    So the classifiers on hand-crafted features see as far back as the network does.

    Args:
        drive: of any modalities.
        window_s: whole seconds.
        context_s: whole seconds.
        step_s: seconds from one window's end to the next one's; a window by default. The first windows, which would
            begin before the drive, are shorter.

    Returns:
        `(windows, features)`, NaN where a window has too little to tell from.
    """
    step = step_s or window_s
    n_windows = int(min(signal.duration_s for signal in drive.signals.values())) // step
    spans = [(max(0, step * (i + 1) - window_s), step * (i + 1)) for i in range(n_windows)]
    columns = []
    for name, signal in drive.signals.items():
        rows = [_one(name, signal, start_s=start, end_s=end) for start, end in spans]
        if name in ("heart", "ecg"):
            beats = (
                drive.beats
                if len(drive.beats) or name == "heart"
                else find_beats(signal.values[0], rate_hz=signal.rate_hz)[0]
            )
            hrv = [hrv_features(beats, start_s=start, end_s=end) for start, end in spans]
            rows = [
                [*(h[key] for key in HRV_NAMES), *(row if name == "heart" else [])]
                for h, row in zip(hrv, rows, strict=True)
            ]
        columns.append(np.array(rows))
    now = np.concatenate(columns, axis=1)
    return np.concatenate([now, _past(now, max(1, context_s // step))], axis=1)


def _one(name: str, signal: Signal, *, start_s: int, end_s: int) -> list[float]:
    stretch = slice(round(start_s * signal.rate_hz), round(end_s * signal.rate_hz))
    found: list[float] = []
    for values, mask in zip(signal.values[:, stretch], signal.mask[:, stretch], strict=True):
        found += READERS.get(name, plain)(values[mask], signal.rate_hz)
    return found


def plain(values: FloatArray, rate_hz: float) -> list[float]:
    """Mean, standard deviation, and how fast it changes."""
    if len(values) < 2:
        return [float("nan")] * 3
    return [float(values.mean()), float(values.std()), float(np.abs(np.diff(values)).mean() * rate_hz)]


def _skin(values: FloatArray, rate_hz: float) -> list[float]:
    return list(skin_features(values, rate_hz=rate_hz).values())


def _breath(values: FloatArray, rate_hz: float) -> list[float]:
    return list(breath_features(values, rate_hz=rate_hz).values())


READERS: dict[str, Callable[[FloatArray, float], list[float]]] = {"gsr": _skin, "respiration": _breath}
"""Of the modalities that have features of their own; the others have `plain` ones."""


def _past(now: Features, n_windows: int) -> Features:
    """Means over each window and those before it, what is not known skipped."""
    known = np.isfinite(now)
    sums = np.cumsum(np.where(known, now, 0), axis=0)
    counts = np.cumsum(known, axis=0)
    before = np.zeros((min(n_windows, len(now)), now.shape[1]))
    late_sums = sums - np.concatenate([before, sums[:-n_windows]])[: len(now)]
    late_counts = counts - np.concatenate([before, counts[:-n_windows]])[: len(now)]
    return np.where(late_counts > 0, late_sums / np.maximum(late_counts, 1), np.nan)
