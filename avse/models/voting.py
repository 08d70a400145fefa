"""Late fusion: decisions of one classifier for each modality combined by votes or stacking."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.types import Flags, Probabilities


def soft_vote(probabilities: Probabilities, present: Flags, weights: Sequence[float] | None = None) -> Probabilities:
    """Mean of the probabilities of those classifiers that have something to go by.

    Args:
        probabilities: `(classifiers, examples, classes)`.
        present: `(classifiers, examples)` False where a classifier's modality is missing.
        weights: of the classifiers; all alike by default.

    Returns:
        `(examples, classes)`; evenly spread where no classifier has anything to go by.
    """
    _check(probabilities, present)
    given = np.ones(len(probabilities)) if weights is None else np.asarray(weights, dtype=float)
    share = given[:, None] * present
    total = share.sum(axis=0)[:, None]
    even = np.full(probabilities.shape[1:], 1 / probabilities.shape[2])
    mean = np.einsum("me,mec->ec", share, np.nan_to_num(probabilities)) / np.where(total > 0, total, 1)
    return np.where(total > 0, mean, even)


def hard_vote(probabilities: Probabilities, present: Flags) -> Probabilities:
    """Share of the classifiers that chose each class; arguments as of `soft_vote`, which breaks ties."""
    votes = np.eye(probabilities.shape[2])[probabilities.argmax(axis=2)]
    return 0.999 * soft_vote(votes, present) + 0.001 * soft_vote(probabilities, present)


class Stacking:
    """A classifier of the classifiers' probabilities (Wolpert 1992): multinomial logistic regression.

    It must be fitted to probabilities of examples that the classifiers were not trained with. A modality that is
    missing says what is usual, evenly spread if it was never there; the fit sees each of them missing once, so that it
    knows what to do without.
    """

    def fit(self, probabilities: Probabilities, present: Flags, labels: npt.NDArray[np.integer]) -> "Stacking":
        """Fit; arguments as of `soft_vote`, and `labels` `(examples,)`."""
        from sklearn.linear_model import LogisticRegression

        _check(probabilities, present)
        even = np.full(probabilities.shape[2], 1 / probabilities.shape[2])
        self.usual = np.array(
            [p[there].mean(axis=0) if there.any() else even for p, there in zip(probabilities, present, strict=True)]
        )
        without = []
        for missing in range(len(probabilities)):
            less = present.copy()
            less[missing] = False
            without.append(self._row(probabilities, less))
        rows = np.concatenate([self._row(probabilities, present), *without])
        self.judge: Any = LogisticRegression(class_weight="balanced", max_iter=1000)
        self.judge.fit(rows, np.tile(labels, 1 + len(probabilities)))
        return self

    def __call__(self, probabilities: Probabilities, present: Flags) -> Probabilities:
        """Probabilities `(examples, classes)`; arguments as of `soft_vote`."""
        judged = self.judge.predict_proba(self._row(probabilities, present))
        full = np.zeros(probabilities.shape[1:])
        full[:, self.judge.classes_] = judged
        return full

    def _row(self, probabilities: Probabilities, present: Flags) -> Probabilities:
        known = np.where(present[..., None], probabilities, self.usual[:, None])
        rows: Probabilities = known.transpose(1, 0, 2).reshape(probabilities.shape[1], -1)
        return rows


Vote = Callable[[Probabilities, Flags], Probabilities]


def _check(probabilities: Probabilities, present: Flags) -> None:
    if probabilities.ndim != 3 or present.shape != probabilities.shape[:2]:
        raise InputError(
            "probabilities must be (classifiers, examples, classes) and present (classifiers, examples) but are "
            f"{probabilities.shape} and {present.shape}; stack them so"
        )
