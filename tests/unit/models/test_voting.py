"""Votes and stacking bear what is missing."""

import numpy as np
import pytest

from avse.errors import InputError
from avse.models.voting import Stacking, hard_vote, soft_vote

SURE, UNSURE, WRONG = [0.8, 0.1, 0.1], [0.4, 0.35, 0.25], [0.1, 0.3, 0.6]


def test_votes_by_hand():
    probabilities = np.array([[SURE], [WRONG], [WRONG]])
    there = np.ones((3, 1), bool)
    np.testing.assert_allclose(soft_vote(probabilities, there)[0], np.mean([SURE, WRONG, WRONG], axis=0))
    np.testing.assert_allclose(hard_vote(probabilities, there)[0], [1 / 3, 0, 2 / 3], atol=1e-3)
    np.testing.assert_allclose(soft_vote(probabilities, there, [1, 0, 0])[0], SURE)


def test_who_has_nothing_to_go_by_does_not_vote():
    probabilities = np.array([[SURE, SURE], [WRONG, WRONG], [WRONG, WRONG]])
    there = np.array([[True, False], [False, False], [False, False]])
    np.testing.assert_allclose(soft_vote(probabilities, there), [SURE, [1 / 3] * 3])
    np.testing.assert_allclose(hard_vote(probabilities, there), [[0.9998, 0.0001, 0.0001], [1 / 3] * 3], atol=1e-9)


def test_a_tie_of_votes_goes_to_who_is_surer():
    probabilities = np.array([[UNSURE], [WRONG]])
    assert hard_vote(probabilities, np.ones((2, 1), bool))[0].argmax() == 2


def test_stacking_learns_whom_to_trust_and_does_without_him():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    good = np.where(np.eye(3, dtype=bool)[labels], 0.8, 0.1)
    noise = rng.dirichlet(np.ones(3), 600)
    fair = np.where(rng.random(600)[:, None] < 0.7, np.where(np.eye(3, dtype=bool)[labels], 0.5, 0.25), noise)
    probabilities, there = np.stack([noise, good, fair]), np.ones((3, 600), bool)
    stacking = Stacking().fit(probabilities, there, labels)
    assert (stacking(probabilities, there).argmax(axis=1) == labels).mean() > 0.99
    without = there.copy()
    without[1] = False
    left = (stacking(probabilities, without).argmax(axis=1) == labels).mean()
    assert left > 0.65
    np.testing.assert_allclose(stacking(probabilities, without).sum(axis=1), 1)


def test_a_classifier_that_never_had_anything_to_go_by_tells_stacking_nothing():
    labels = np.arange(40) % 2
    good, there = np.eye(2)[labels] * 0.6 + 0.2, np.ones((2, 40), bool)
    there[1] = False
    stacking = Stacking().fit(np.stack([good, np.full_like(good, np.nan)]), there, labels)
    assert np.array_equal(stacking.usual[1], [0.5, 0.5])
    assert (stacking(np.stack([good, good]), there).argmax(axis=1) == labels).all()


def test_stacking_keeps_the_place_of_a_class_that_never_came():
    probabilities = np.tile(np.array([[0.6, 0.2, 0.2], [0.2, 0.2, 0.6]]), (1, 10, 1))
    labels = np.tile([0, 2], 10)
    predicted = Stacking().fit(probabilities, np.ones((1, 20), bool), labels)(probabilities, np.ones((1, 20), bool))
    assert predicted.shape == (20, 3)
    assert (predicted.argmax(axis=1) == labels).all()


def test_shapes_must_fit():
    with pytest.raises(InputError, match=r"must be \(classifiers, examples, classes\)"):
        soft_vote(np.zeros((2, 3)), np.ones((2, 3), bool))
