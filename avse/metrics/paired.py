"""Whether one of two is better, judged pair by pair, and how to ask that many times."""

from collections.abc import Sequence

import numpy as np

MOST_EXACT = 21
"""Pairs up to which every sign is tried: two million sums. With more, signs are drawn."""


def sign_flip_p(differences: Sequence[float], *, n_draws: int = 100_000, seed: int = 0) -> float:
    """Two-sided p of the paired permutation test (Fisher 1935): how often would chance lead as far?

    Were both alike, each difference could as well have the other sign. p is the share of all choices of signs whose
    sum lies at least as far from 0 as the sum that was found; it needs no normal distribution.

    Args:
        differences: one for each thing that was drawn on its own: a driver, a clip.
        n_draws: signs drawn where there are more than `MOST_EXACT` pairs; what was found counts as one more draw, so
            that p is never 0.
        seed: of the draws, so that a report is the same each time.

    Returns:
        Above 0, at most 1; 1 if there are none. n pairs reach 2 / 2**n at best.

    Examples:
        Five clips, all better: two of the 2**5 choices of signs are as extreme.

        >>> sign_flip_p([0.4, 1.2, 0.3, 0.9, 0.5])
        0.0625
    """
    known = np.asarray(differences, dtype=float)
    if len(known) == 0:
        return 1.0
    # Sums that are equal on paper may differ in their last digit.
    found = abs(known.sum()) - 1e-9 * np.abs(known).sum()
    if len(known) <= MOST_EXACT:
        sums = known[:1]  # the first sign stays: the other half of the choices are the same sums with the other sign
        for difference in known[1:]:
            sums = np.concatenate([sums + difference, sums - difference])
        return float(np.mean(np.abs(sums) >= found))
    rng = np.random.default_rng(seed)
    n_far = 0
    for start in range(0, n_draws, 10_000):
        signs = rng.choice([-1.0, 1.0], size=(min(10_000, n_draws - start), len(known)))
        n_far += int(np.count_nonzero(np.abs(signs @ known) >= found))
    return (n_far + 1) / (n_draws + 1)


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust the p of several tests, so that a chance of 5 % of any false finding holds for all together (Holm 1979).

    Args:
        ps: one for each test.

    Returns:
        As many, in the same order, none smaller than it was and none above 1.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    adjusted, largest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(np.argsort(ps, kind="stable")):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = largest
    return adjusted
