"""Whether one of two is better, judged pair by pair, by scipy; and how to ask that many times, by statsmodels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import permutation_test

from avse.errors import MissingExtraError

BATCH = 2000
"""Choices of signs held at once."""


def sign_flip_p(differences: Sequence[float], *, n_draws: int = 100_000, seed: int = 0) -> float:
    """Two-sided p of the paired permutation test (Fisher 1935): how often would chance lead as far?

    Were both alike, each difference could as well have the other sign. p is the share of all choices of signs whose
    sum lies at least as far from 0 as the sum that was found; it needs no normal distribution.

    Args:
        differences: one for each thing that was drawn on its own: a driver, a clip.
        n_draws: signs drawn where there are more choices than this, which is above 16 pairs by default; what was found
            counts as one more draw, so that p is never 0.
        seed: of the draws, so that a report is the same each time.

    Returns:
        Above 0, at most 1; 1 if there are none, or one alone. n pairs reach 2 / 2**n at best.

    Examples:
        Five clips, all better: two of the 2**5 choices of signs are as extreme.

        >>> sign_flip_p([0.4, 1.2, 0.3, 0.9, 0.5])
        0.0625
    """
    known = np.asarray(differences, dtype=float)
    if len(known) < 2:  # both signs of a single difference lie as far
        return 1.0
    found = permutation_test(
        (known,), _sum, permutation_type="samples", vectorized=True, n_resamples=n_draws, batch=BATCH, rng=seed
    )
    return float(found.pvalue)


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust the p of several tests, so that a chance of 5 % of any false finding holds for all together (Holm 1979).

    Args:
        ps: one for each test.

    Returns:
        As many, in the same order, none smaller than it was and none above 1.

    Raises:
        MissingExtraError: statsmodels is not installed.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    try:
        from statsmodels.stats.multitest import multipletests
    except ImportError:
        raise MissingExtraError("statsmodels must be installed but is not; pip install 'avse[train]'") from None
    return [float(p) for p in multipletests(ps, method="holm")[1]] if len(ps) else []


def _sum(values: npt.NDArray[np.float64], axis: int = -1) -> Any:
    return values.sum(axis=axis)
