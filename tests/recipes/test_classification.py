"""Classification scores agree with scikit-learn and with hand-made numbers."""

import numpy as np
import pytest
from sklearn import metrics

from avse.errors import InputError
from avse.metrics.interval import bootstrap_interval
from recipes.classification import CLASSIFICATION, classification_scores, confusion, reliability


@pytest.fixture
def given():
    rng = np.random.default_rng(0)
    reference = rng.choice(3, 300, p=[0.5, 0.3, 0.2])
    probabilities = rng.dirichlet(np.ones(3), 300) + 0.5 * np.eye(3)[reference]
    return reference, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_every_metric_is_that_of_its_name(given):
    reference, probabilities = given
    predicted = probabilities.argmax(axis=1)
    scores = classification_scores(reference=reference, probabilities=probabilities)
    assert set(scores) == set(CLASSIFICATION)
    expected = {
        "accuracy": metrics.accuracy_score(reference, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(reference, predicted),
        "macro_f1": metrics.f1_score(reference, predicted, average="macro"),
        "sensitivity": metrics.recall_score(reference, predicted, average="macro"),
        "precision": metrics.precision_score(reference, predicted, average="macro"),
        "kappa": metrics.cohen_kappa_score(reference, predicted),
        "auroc": metrics.roc_auc_score(reference, probabilities, multi_class="ovr", average="macro"),
        "specificity": np.mean([metrics.recall_score(reference != c, predicted != c) for c in range(3)]),
    }
    for name, value in expected.items():
        assert scores[name].value == pytest.approx(value), name


def test_area_with_ties_is_that_of_scikit_learn(given):
    reference, probabilities = given
    coarse = probabilities.round(1)
    found = classification_scores(reference=reference, probabilities=coarse)["auroc"].value
    areas = [metrics.roc_auc_score(reference == c, coarse[:, c]) for c in range(3)]
    assert found == pytest.approx(np.mean(areas), abs=1e-12)
    alone = classification_scores(reference=np.zeros(3, int), probabilities=np.ones((3, 1)))["auroc"]
    assert (alone.value, alone.reason) == (None, "one class alone")


def test_by_hand():
    reference = np.array([0, 0, 1, 2])
    probabilities = np.array([[0.9, 0.05, 0.05], [0.2, 0.8, 0.0], [0.1, 0.8, 0.1], [0.6, 0.2, 0.2]])
    scores = classification_scores(reference=reference, probabilities=probabilities)
    assert scores["accuracy"].value == 0.5
    assert scores["balanced_accuracy"].value == pytest.approx((0.5 + 1 + 0) / 3)
    assert scores["specificity"].value == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)
    assert scores["precision"].value == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert scores["macro_f1"].value == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    # Half are right, of which (2 * 2 + 1 * 2 + 1 * 0) / 16 by chance.
    assert scores["kappa"].value == pytest.approx((1 / 2 - 3 / 8) / (1 - 3 / 8))
    # Shares of the pairs of an example of the class and another that are in the right order; half a pair for a tie.
    assert scores["auroc"].value == pytest.approx((3 / 4 + 2.5 / 3 + 1) / 3)
    # One bin each: 0.9 right, two of 0.8 half right, 0.6 wrong.
    assert scores["calibration_error"].value == pytest.approx(0.1 / 4 + 0.3 / 2 + 0.6 / 4)
    np.testing.assert_array_equal(
        confusion(reference=reference, estimate=probabilities.argmax(axis=1), n_classes=3),
        [[1, 1, 0], [0, 1, 0], [1, 0, 0]],
    )


def test_a_class_that_is_not_there_leaves_reasons(given):
    reference, probabilities = given
    scores = classification_scores(reference=reference[reference < 2], probabilities=probabilities[reference < 2])
    for name in ("balanced_accuracy", "macro_f1", "sensitivity", "specificity", "precision", "auroc"):
        assert scores[name].value is None
        assert scores[name].reason == "no example of class 2"
    assert scores["accuracy"].value is not None
    assert classification_scores(reference=reference[:0], probabilities=probabilities[:0])["kappa"].reason


def test_reliability_of_one_who_is_as_sure_as_right():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 20000)
    right = rng.random(20000) < confidence
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    rows = reliability(reference=np.where(right, 0, 1), probabilities=probabilities)
    filled = rows[:, 2] > 0
    np.testing.assert_allclose(rows[filled, 0], rows[filled, 1], atol=0.03)
    assert rows[:, 2].sum() == pytest.approx(1)


def test_wrong_shapes_and_classes_are_refused(given):
    reference, probabilities = given
    with pytest.raises(InputError, match="must be"):
        classification_scores(reference=reference[:5], probabilities=probabilities)
    with pytest.raises(InputError, match="0 to 2 but reach from 0 to 7"):
        classification_scores(reference=np.where(reference == 2, 7, reference), probabilities=probabilities)


def test_the_interval_of_a_mean():
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = bootstrap_interval(values)
    # The normal distribution's interval of the mean.
    np.testing.assert_allclose([low, high], values.mean() + np.array([-1, 1]) * 1.96 * values.std() / 20, atol=0.02)
    assert bootstrap_interval([3.0]) == (3.0, 3.0)
    assert np.isnan(bootstrap_interval([])).all()


def test_the_same_draws_as_by_numpy_alone():
    values = np.random.default_rng(1).normal(1, 2, 45)
    drawn = np.random.default_rng(7).choice(values, size=(10_000, 45)).mean(axis=1)
    np.testing.assert_allclose(bootstrap_interval(values, seed=7), np.quantile(drawn, [0.025, 0.975]), rtol=1e-12)


def test_one_class_alone_has_no_kappa():
    scores = classification_scores(reference=np.zeros(4, int), probabilities=np.array([[0.9, 0.1]] * 4))
    assert (scores["kappa"].value, scores["kappa"].reason) == (None, "one class alone")
    assert scores["accuracy"].value == 1
