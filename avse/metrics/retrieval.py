"""Retrieval: given a query, how high its own answer stands among all candidates."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.types import Features


class Retrieval(NamedTuple):
    """How well queries find their answers."""

    recall_at: dict[int, float]
    """Share of the queries whose answer is among the first k, by k; of 0 to 1."""
    median_rank: float
    """1 is best."""
    n: int
    """Candidates, and queries."""

    def chance(self, k: int) -> float:
        """Recall at k of chance."""
        return min(1.0, k / self.n)


def retrieval(*, queries: Features, candidates: Features, ks: tuple[int, ...] = (1, 5, 10)) -> Retrieval:
    """Rank candidates by their cosine with each query.

    A tie counts half: vectors that are all the same score as chance does.

    Args:
        queries: `(n, dim)`.
        candidates: `(n, dim)`; the i-th belongs to the i-th query.
        ks: how many first ones to count.

    Raises:
        InputError: shapes differ, there are none, or a number is not finite.

    Examples:
        >>> queries = np.eye(4)
        >>> found = retrieval(queries=queries, candidates=queries[[0, 1, 3, 2]], ks=(1, 4))
        >>> found.recall_at, found.chance(1)
        ({1: 0.5, 4: 1.0}, 0.25)
    """
    if queries.shape != candidates.shape or queries.ndim != 2 or not len(queries):
        raise InputError(
            f"queries and candidates must both be (n, dim) but are {queries.shape} and {candidates.shape}; pair them"
        )
    if not (np.isfinite(queries).all() and np.isfinite(candidates).all()):
        raise InputError("queries and candidates must be finite numbers but some are not; check the model")
    cosines = _directions(queries) @ _directions(candidates).T
    own = np.diagonal(cosines)[:, None]
    above = (cosines > own).sum(axis=1)
    level = (cosines == own).sum(axis=1) - 1
    ranks = 1 + above + level / 2
    # Among `level` equal ones the answer is as likely at one place as at another.
    recall = {k: float(np.clip((k - above) / (level + 1), 0, 1).mean()) for k in ks}
    return Retrieval(recall, float(np.median(ranks)), len(queries))


def _directions(vectors: Features) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: npt.NDArray[np.float64] = vectors / np.maximum(lengths, 1e-12)
    return unit.round(9)
