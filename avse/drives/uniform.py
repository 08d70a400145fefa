"""Timestamped samples, as sensors give them, to an even series that says where it is real."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.types import Series


@dataclass(frozen=True)
class SeriesReport:
    """What was wrong with a channel, and how much of it is left."""

    n_duplicates: int = 0
    """Samples of a time that another one had; the mean was taken."""
    n_missing: int = 0
    """Samples without a number."""
    n_gaps: int = 0
    """Stretches of more than three times the usual step without a real sample."""
    longest_gap_s: float = 0.0
    """Seconds."""
    flat_s: float = 0.0
    """Seconds in which the value did not change at all for too long: the sensor was off."""
    saturated_s: float = 0.0
    """Seconds in which the value stood at its largest or least for too long."""
    masked_share: float = 1.0
    """Of the even series, in [0, 1]."""


@dataclass(frozen=True)
class Limits:
    """What is believed of a sensor."""

    gap_s: float = 2.0
    """Shorter gaps are bridged by straight lines."""
    flat_s: float = 30.0
    """A sensor that does not change for longer is off."""
    saturated_s: float = 5.0
    """A sensor that stands at its extreme for longer is beyond its range."""


class Uniform(NamedTuple):
    """An even series from 0 s on."""

    values: npt.NDArray[np.float32]
    """`(time,)`, 0 where masked."""
    mask: npt.NDArray[np.bool_]
    """`(time,)` True = measured, or bridged over a short gap."""
    report: SeriesReport


def to_uniform(
    times_s: Series, values: Series, *, rate_hz: float, duration_s: float, limits: Limits | None = None
) -> Uniform:
    """Bring samples to an even rate: a weighted mean around each step where they are denser, straight lines where not.

    Args:
        times_s: `(samples,)` seconds, not falling.
        values: `(samples,)`, NaN where there is none.
        rate_hz: of the result.
        duration_s: of the result.
        limits: what is believed.

    Raises:
        InputError: lengths differ, or time runs backwards.
    """
    limits = limits or Limits()
    if times_s.shape != values.shape or times_s.ndim != 1:
        raise InputError(
            f"times and values must be (samples,) both but are {times_s.shape} and {values.shape}; pair them"
        )
    n_out = round(duration_s * rate_hz)
    check_rising(times_s)
    predictable = np.isfinite(values) & np.isfinite(times_s)
    n_missing = int(len(values) - predictable.sum())
    times_s, values, n_duplicates = _merged(times_s[predictable], values[predictable])
    if len(times_s) < 2:
        return Uniform(np.zeros(n_out, np.float32), np.zeros(n_out, bool), SeriesReport(n_duplicates, n_missing))
    step_s = float(np.median(np.diff(times_s)))
    flat, saturated = _stuck(times_s, values, limits)
    good = ~(flat | saturated)
    gaps_s = np.diff(times_s[good]) if good.sum() > 1 else np.zeros(0)
    series, mask = _even(times_s[good], values[good], rate_hz=rate_hz, n_out=n_out, gap_s=max(limits.gap_s, 3 * step_s))
    report = SeriesReport(
        n_duplicates=n_duplicates,
        n_missing=n_missing,
        n_gaps=int(np.sum(gaps_s > 3 * step_s)),
        longest_gap_s=round(float(gaps_s.max(initial=0)), 3),
        flat_s=round(float(flat.sum() * step_s), 1),
        saturated_s=round(float(saturated.sum() * step_s), 1),
        masked_share=round(float(1 - mask.mean()), 4) if n_out else 1.0,
    )
    return Uniform(np.where(mask, series, 0).astype(np.float32), mask, report)


def check_rising(times_s: Series) -> None:
    """Validate that time, `(samples,)` s, does not run backwards.

    Raises:
        InputError: it does; names the place.
    """
    predictable = np.flatnonzero(np.isfinite(times_s))
    back = np.flatnonzero(np.diff(times_s[predictable]) < 0)
    if len(back):
        before, after = predictable[back[0]], predictable[back[0] + 1]
        raise InputError(
            f"times must not fall but go from {times_s[before]:g} to {times_s[after]:g} s at sample {after}; "
            "sort the samples or cut the record there"
        )


def _merged(times_s: Series, values: Series) -> tuple[Series, Series, int]:
    unique, place = np.unique(times_s, return_inverse=True)
    if len(unique) == len(times_s):
        return times_s, values, 0
    return unique, np.bincount(place, values) / np.bincount(place), len(times_s) - len(unique)


def _stuck(times_s: Series, values: Series, limits: Limits) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the sensor is off, and where it is beyond its range."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values) != 0]))
    ends = np.concatenate([starts[1:], [len(values)]])
    lasts_s = times_s[ends - 1] - times_s[starts]
    extreme = (values[starts] == values.max()) | (values[starts] == values.min())
    flat_runs = lasts_s > limits.flat_s
    saturated_runs = extreme & (lasts_s > limits.saturated_s) & ~flat_runs
    lengths = ends - starts
    return np.repeat(flat_runs, lengths), np.repeat(saturated_runs, lengths)


def _triangle(halves: npt.NDArray[np.generic]) -> Series:
    """Around each step, from its half steps, weighted 1, 2, 1."""
    weights = halves.astype(float)
    around: Series = weights[:-2:2] + 2 * weights[1:-1:2] + weights[2::2]
    return around


def _even(
    times_s: Series, values: Series, *, rate_hz: float, n_out: int, gap_s: float
) -> tuple[Series, npt.NDArray[np.bool_]]:
    """The series and where it is known."""
    out_s = np.arange(n_out) / rate_hz
    if len(times_s) < 2:
        return np.zeros(n_out), np.zeros(n_out, bool)
    if np.median(np.diff(times_s)) < 1 / rate_hz:
        # The weighted mean around each step also keeps what is too fast for the new rate out of it.
        half = np.round(2 * times_s * rate_hz).astype(int) + 1
        inside = (half >= 0) & (half <= 2 * n_out)
        counts, sums = (
            _triangle(np.bincount(half[inside], weights, minlength=2 * n_out + 1)) for weights in (None, values[inside])
        )
        filled = counts > 0
        knots_s, knots = out_s[filled], sums[filled] / counts[filled]
    else:
        knots_s, knots = times_s, values
    if len(knots) < 2:
        return np.zeros(n_out), np.zeros(n_out, bool)
    after = np.searchsorted(times_s, out_s).clip(1, len(times_s) - 1)
    reach_s = max(1 / rate_hz, float(np.median(np.diff(times_s))))
    near = (times_s[after] - times_s[after - 1] <= gap_s) | (
        np.minimum(np.abs(out_s - times_s[after - 1]), np.abs(times_s[after] - out_s)) <= reach_s / 2
    )
    covered = (out_s >= times_s[0] - reach_s) & (out_s <= times_s[-1] + reach_s)
    return np.interp(out_s, knots_s, knots), near & covered
