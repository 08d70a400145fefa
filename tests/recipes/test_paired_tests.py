"""The paired test against all signs by hand; Holm's correction against numbers from hand."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from avse.metrics.interval import bootstrap_interval
from recipes.paired_tests import holm, sign_flip_p


def test_p_counts_the_signs_that_lead_as_far():
    # Sums of +-1 +-2 +-3: 6, 4, 2, 0 and their opposites; 6 lies as far as 6 twice, 2 or farther six times of eight.
    assert sign_flip_p([1, 2, 3]) == 2 / 8
    assert sign_flip_p([1, -2, 3]) == 6 / 8
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1
    assert sign_flip_p([0.5] * 16) == 2 / 2**16


def test_nothing_and_ties_decide_nothing():
    assert sign_flip_p([]) == 1
    assert sign_flip_p([3.0]) == 1
    assert sign_flip_p([0.0] * 30) == 1


@pytest.mark.parametrize("n_pairs", [7, 12])
def test_p_is_that_of_all_signs_one_by_one(n_pairs):
    differences = np.random.default_rng(n_pairs).normal(0.4, 1, n_pairs)
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=n_pairs)]
    assert sign_flip_p(differences) == np.mean(np.array(sums) >= abs(differences.sum()) - 1e-9)
    assert sign_flip_p(-differences) == sign_flip_p(differences)


def test_drawn_signs_agree_with_all_of_them_and_are_the_same_each_time():
    differences = np.random.default_rng(5).normal(0.35, 1, 15)
    exact, drawn = (sign_flip_p(differences, n_draws=n_draws) for n_draws in (2**15, 20_000))
    assert drawn == pytest.approx(exact, abs=0.01)
    assert drawn == sign_flip_p(differences, n_draws=20_000)
    assert sign_flip_p([1.0] * 40, n_draws=999) == 2 / 1000


def test_a_lead_that_is_not_there_is_found_in_one_of_twenty_trials():
    rng = np.random.default_rng(6)
    found = [sign_flip_p(rng.normal(0, 1, 10)) < 0.05 for _ in range(300)]
    assert 0.02 < np.mean(found) < 0.08


def test_the_interval_holds_the_mean_nineteen_times_of_twenty():
    rng = np.random.default_rng(7)
    ends = np.array([bootstrap_interval(rng.normal(3, 1, 30), n_draws=500) for _ in range(300)])
    assert 0.88 < np.mean((ends[:, 0] <= 3) & (ends[:, 1] >= 3)) < 0.98


def test_holm_multiplies_the_smallest_most():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_holm_is_never_below_what_controls_less():
    ps = np.random.default_rng(8).uniform(0, 0.2, 12)
    assert (np.array(holm(ps)) >= false_discovery_control(ps) - 1e-12).all()
