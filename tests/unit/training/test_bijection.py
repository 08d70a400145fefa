"""The bijection hits every number once, looks random, differs with its seed, and costs nothing to make."""

import itertools
import time

import numpy as np
import pytest

from avse.training import sampler as sampler_module
from avse.training.bijection import Bijection
from avse.training.sampler import ResumableBatchSampler


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 9, 31, 100, 1000, 4097])
@pytest.mark.parametrize("seed", [[0], [1, 5]])
def test_every_number_is_hit_once(n, seed):
    assert sorted(Bijection(n, seed=seed)(np.arange(n))) == list(range(n))


def test_numbers_one_by_one_are_those_all_at_once():
    shuffle = Bijection(1000, seed=[3])
    together = shuffle(np.arange(1000))
    assert [int(shuffle(i)) for i in (0, 17, 999)] == [together[i] for i in (0, 17, 999)]


def test_it_looks_like_a_random_permutation():
    n = 20_000
    orders = [Bijection(n, seed=[seed])(np.arange(n)) for seed in range(20)]
    for order in orders:
        # Fixed points of a random permutation are Poisson with mean 1; positions and neighbours are uncorrelated.
        assert np.count_nonzero(order == np.arange(n)) < 8
        assert abs(np.corrcoef(order, np.arange(n))[0, 1]) < 0.03
        assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < 0.03
    for one, other in itertools.pairwise(orders):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    first = np.array([Bijection(10, seed=[seed])(0) for seed in range(3000)])
    counts = np.bincount(first, minlength=10)
    assert np.sum((counts - 300) ** 2 / 300) < 27.9  # chi-squared, 9 degrees of freedom, p = 0.001


def test_a_batch_of_ten_million_million_takes_no_time():
    shuffle = Bijection(10**13, seed=[1])
    started_s = time.process_time()
    for start in range(200):
        found = shuffle(np.arange(start * 64, (start + 1) * 64))
        assert len(np.unique(found)) == 64
        assert found.min() >= 0
        assert found.max() < 10**13
    assert (time.process_time() - started_s) / 200 < 0.01


def _batches(first, last, **options):
    return list(ResumableBatchSampler(n_examples=50, batch_size=4, seed=2, first_step=first, last_step=last, **options))


@pytest.mark.parametrize("most_drawn", [10, 1000])
def test_an_epoch_is_all_examples_resumed_at_any_step_and_shared_by_any_ranks(monkeypatch, most_drawn):
    monkeypatch.setattr(sampler_module, "MOST_DRAWN", most_drawn)
    whole = _batches(0, 24)
    epoch = [index for batch in whole[:12] for _, index in batch]
    assert len(set(epoch)) == 48
    assert {e for batch in whole[12:] for e, _ in batch} == {1}
    assert [index for batch in whole[12:] for _, index in batch] != epoch
    assert _batches(7, 24) == whole[7:]
    ranks = [_batches(0, 6, rank=rank, n_ranks=2) for rank in (0, 1)]
    shared = [batch for pair in zip(*ranks, strict=True) for batch in pair]
    assert shared == whole[:12]


def test_orders_of_small_corpora_are_as_they_were_before_there_was_a_bijection():
    order = np.random.default_rng([2, 0]).permutation(50)
    assert [index for _, index in _batches(3, 4)[0]] == list(order[12:16])
