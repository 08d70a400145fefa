"""Heart beats: which to believe, the rate they give, and its variability (Task Force of the ESC and NASPE 1996)."""

import numpy as np
import numpy.typing as npt

from avse.drives.uniform import Limits, Uniform, to_uniform

Beats = npt.NDArray[np.float64]
"""`(beats, 2)`: when a beat came, in s, and how long after the one before, in ms."""

SHORTEST_MS, LONGEST_MS = 300.0, 2000.0
"""200 and 30 beats a minute."""
LARGEST_JUMP = 0.3
"""Intervals further than this from the median of their neighbours are missed or extra beats."""
FEWEST_BEATS = 4
"""In a window, for its variability to be reported."""
BEATING = Limits(gap_s=5.0, flat_s=np.inf, saturated_s=np.inf)
"""Of a pause between beats nothing is known; a rate may stand still as long as it likes."""
HRV_NAMES = ("mean_rr_ms", "sdnn_ms", "rmssd_ms", "pnn50", "mean_difference_ms")


def believable(beats: Beats) -> npt.NDArray[np.bool_]:
    """Whether each interval can be one between two normal beats, `(beats,)`."""
    intervals = beats[:, 1]
    n_near = 5
    padded = np.pad(intervals, n_near, mode="reflect") if len(intervals) > n_near else intervals
    if len(intervals) > n_near:
        usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * n_near + 1), axis=1)
    else:
        usual = np.full(len(intervals), np.median(intervals) if len(intervals) else 0.0)
    near = np.abs(intervals - usual) <= LARGEST_JUMP * usual
    return (intervals >= SHORTEST_MS) & (intervals <= LONGEST_MS) & near


def heart_rate(beats: Beats, *, rate_hz: float, duration_s: float) -> Uniform:
    """The rate of the heart over time, in beats a minute, evenly sampled; masked where no beat is believed.

    Args:
        beats: in order.
        rate_hz: of the result.
        duration_s: of the result.
    """
    good = beats[believable(beats)]
    return to_uniform(good[:, 0], 60_000 / good[:, 1], rate_hz=rate_hz, duration_s=duration_s, limits=BEATING)


def running_rmssd(beats: Beats, *, rate_hz: float, duration_s: float, over_s: float = 30.0) -> Uniform:
    """The heart's short variability over the last `over_s` seconds, in ms, evenly sampled; it looks back alone."""
    times_s, squares = _steps(beats)
    if len(times_s) < 2:
        return to_uniform(times_s, squares, rate_hz=rate_hz, duration_s=duration_s)
    sums = np.concatenate([[0.0], np.cumsum(squares)])
    first = np.searchsorted(times_s, times_s - over_s)
    last = np.arange(1, len(times_s) + 1)
    values = np.sqrt((sums[last] - sums[first]) / (last - first))
    return to_uniform(times_s, values, rate_hz=rate_hz, duration_s=duration_s, limits=BEATING)


def heart_series(beats: Beats, *, rate_hz: float, duration_s: float) -> dict[str, Uniform]:
    """What drives hold of a heart, by channel: its rate, and its short variability over the last 30 s.

    A network finds in these at once what it does not find in a raw electrocardiogram (`egs/simulated_drive`).
    """
    return {
        "heart_rate_bpm": heart_rate(beats, rate_hz=rate_hz, duration_s=duration_s),
        "rmssd_30s_ms": running_rmssd(beats, rate_hz=rate_hz, duration_s=duration_s),
    }


def hrv_features(beats: Beats, *, start_s: float, end_s: float) -> dict[str, float]:
    """Variability of the heart in a window.

    Args:
        beats: in order; those that are not believable are skipped.
        start_s: of the window.
        end_s: of the window.

    Returns:
        mean_rr_ms, sdnn_ms, rmssd_ms, pnn50 in [0, 1] and mean_difference_ms (of the intervals' changes, without their
        sign); NaN with fewer than four beats.
    """
    good = beats[believable(beats)]
    intervals = good[(good[:, 0] >= start_s) & (good[:, 0] < end_s), 1]
    if len(intervals) < FEWEST_BEATS:
        return dict.fromkeys(HRV_NAMES, float("nan"))
    steps = np.diff(intervals)
    values = (
        intervals.mean(),
        intervals.std(ddof=1),
        np.sqrt(np.mean(steps**2)),
        np.mean(np.abs(steps) > 50),
        np.mean(np.abs(steps)),
    )
    return {name: float(value) for name, value in zip(HRV_NAMES, values, strict=True)}


def _steps(beats: Beats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """When the interval changed between two believable beats, and by how much, squared."""
    good = believable(beats)
    both = good[1:] & good[:-1]
    return beats[1:, 0][both], np.diff(beats[:, 1])[both] ** 2
