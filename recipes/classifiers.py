"""Classifiers on hand-crafted features, by scikit-learn; and the majority baseline."""

import numpy as np

from avse.errors import MissingExtraError
from avse.types import Features, Labels, Probabilities

try:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC
except ImportError:
    raise MissingExtraError("scikit-learn must be installed but is not; pip install 'avse[stress]'") from None

N_TREES = 300
"""Of a random forest."""


def support_vectors(seed: int, n_fewest: int) -> Pipeline:
    """Support vector machine with a Gaussian kernel, its decisions calibrated (Platt 1999).

    A class with one example can be in no two folds, so that there is no calibration then.
    """
    machine = SVC(class_weight="balanced")
    if n_fewest > 1:
        machine = CalibratedClassifierCV(machine, ensemble=False, cv=min(5, n_fewest))
    return make_pipeline(_imputer(), StandardScaler(), machine)


def forest(seed: int, n_fewest: int) -> Pipeline:
    """Random forest (Breiman 2001)."""
    trees = RandomForestClassifier(N_TREES, min_samples_leaf=5, class_weight="balanced_subsample", random_state=seed)
    return make_pipeline(_imputer(), trees)


def logistic(seed: int, n_fewest: int) -> Pipeline:
    """Multinomial logistic regression."""
    return make_pipeline(_imputer(), StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=500))


BASELINES = {"SVM": support_vectors, "random forest": forest}
"""Of every comparison."""
CLASSIFIERS = {**BASELINES, "logistic regression": logistic}


def classify(name: str, train: tuple[Features, Labels], test: Features, *, n_levels: int, seed: int) -> Probabilities:
    """Fit a baseline and apply it.

    Args:
        name: of `CLASSIFIERS`.
        train: features `(windows, features)` and levels `(windows,)`, -1 where none is known.
        test: `(windows, features)`.
        n_levels: how many there are.
        seed: of the forest.

    Returns:
        `(windows, levels)`.
    """
    features, levels = train
    known = levels >= 0
    n_fewest = int(np.unique(levels[known], return_counts=True)[1].min())
    fitted = CLASSIFIERS[name](seed, n_fewest).fit(features[known], levels[known])
    probabilities = np.zeros((len(test), n_levels))
    probabilities[:, fitted.classes_] = (
        fitted.predict_proba(test) if hasattr(fitted, "predict_proba") else _softmax(fitted.decision_function(test))
    )
    return probabilities


def majority(levels: Labels, *, n_test: int, n_levels: int) -> Probabilities:
    """The shares of the levels in training, whatever the window."""
    shares = np.bincount(levels[levels >= 0], minlength=n_levels) / np.sum(levels >= 0)
    return np.tile(shares, (n_test, 1))


def _softmax(decisions: Probabilities) -> Probabilities:
    """Decisions `(examples,)` of two classes or `(examples, classes)` as if they were logits."""
    logits = np.stack([-decisions, decisions], axis=1) / 2 if decisions.ndim == 1 else decisions
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Probabilities = exponents / exponents.sum(axis=1, keepdims=True)
    return shares


def _imputer() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)
