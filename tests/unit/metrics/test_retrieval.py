"""Ranks that can be counted by hand; chance scores as chance."""

import numpy as np
import pytest

from avse.errors import InputError
from avse.metrics.retrieval import retrieval


def test_perfect_and_worst():
    eye = np.eye(6)
    assert retrieval(queries=eye, candidates=3 * eye).recall_at == {1: 1.0, 5: 1.0, 10: 1.0}
    worst = retrieval(queries=eye, candidates=-eye)
    assert worst.recall_at[1] == worst.recall_at[5] == 0
    assert worst.median_rank == 6


def test_ranks_by_hand():
    angles = np.deg2rad([0, 10, 40])
    candidates = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    turned = np.deg2rad([6, 4, 40])  # the first two find each other first
    queries = np.stack([np.cos(turned), np.sin(turned)], axis=1)
    found = retrieval(queries=queries, candidates=candidates, ks=(1, 2))
    assert found.recall_at == {1: pytest.approx(1 / 3), 2: 1.0}
    assert found.median_rank == 2


def test_vectors_that_are_all_the_same_are_chance():
    same = np.ones((20, 4))
    found = retrieval(queries=same, candidates=same)
    for k in (1, 5, 10):
        assert found.recall_at[k] == pytest.approx(found.chance(k))
    assert found.median_rank == 10.5


def test_random_vectors_are_near_chance():
    rng = np.random.default_rng(0)
    found = retrieval(queries=rng.standard_normal((400, 32)), candidates=rng.standard_normal((400, 32)))
    assert found.recall_at[10] == pytest.approx(10 / 400, abs=0.02)


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(InputError, match="must both be"):
        retrieval(queries=np.ones((3, 2)), candidates=np.ones((2, 2)))
    with pytest.raises(InputError, match="must be finite"):
        retrieval(queries=np.full((3, 2), np.nan), candidates=np.ones((3, 2)))
