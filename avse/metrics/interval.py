"""How sure a mean is."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import bootstrap


def bootstrap_interval(
    values: Sequence[float], *, level: float = 0.95, n_draws: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Interval of the mean by the percentile bootstrap (Efron 1979).

    Args:
        values: one for each thing that was drawn on its own: a driver, a clip.
        level: share of the draws whose mean lies inside.
        n_draws: draws of as many values, with replacement.
        seed: of the draws, so that a report is the same each time.

    Returns:
        Lower and upper end; the value twice if there is one alone, NaN if there is none.

    Examples:
        >>> low, high = bootstrap_interval([4.1, 5.0, 5.2, 4.6, 6.3, 5.5])
        >>> low < 5.12 < high  # the mean
        True
        >>> bootstrap_interval([5.0])
        (5.0, 5.0)
    """
    if len(values) < 2:
        only = float(values[0]) if len(values) else float("nan")
        return only, only
    found = bootstrap(
        (np.asarray(values, dtype=float),), np.mean,
        n_resamples=n_draws, confidence_level=level, method="percentile", rng=seed,
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
