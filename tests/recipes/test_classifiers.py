"""Classifiers on hand-crafted features, however few examples a class has."""

import numpy as np
import pytest

from recipes.classifiers import CLASSIFIERS, classify, majority


def _data(counts):
    rng = np.random.default_rng(0)
    levels = np.repeat(np.arange(len(counts)), counts)
    features = rng.standard_normal((len(levels), 4)) + 4 * np.eye(4)[levels]
    features[::3, 3] = np.nan
    return features, levels


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("counts", [(20, 20, 20), (20, 3, 4), (9, 1, 2), (5, 1)])
def test_probabilities_whatever_the_smallest_class(name, counts):
    features, levels = _data(counts)
    found = classify(name, (features, levels), features, n_levels=len(counts), seed=1)
    assert found.shape == (len(levels), len(counts))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    if min(counts) >= 20:
        assert (found.argmax(axis=1) == levels).mean() > 0.9


def test_the_majority_is_the_shares_of_training():
    assert majority(np.array([0, 0, 1, -1]), n_test=2, n_levels=3).tolist() == [[2 / 3, 1 / 3, 0]] * 2
