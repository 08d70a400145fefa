"""How well classes are distinguished, from probabilities, by scikit-learn.

Averages over classes are plain ones (macro): each class counts the same, however rare.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.stats import binned_statistic

from avse.errors import InputError, MissingExtraError
from avse.metrics.score_or_reason import Score
from avse.types import Labels, Probabilities

try:
    from sklearn import metrics as sklearn
except ImportError:
    raise MissingExtraError("scikit-learn must be installed but is not; pip install 'avse[stress]'") from None

N_BINS = 10
"""Of confidence, for the calibration error."""
CLASSIFICATION = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "F1 (macro)",
    "sensitivity": "sensitivity (macro)",
    "specificity": "specificity (macro)",
    "precision": "precision (macro)",
    "kappa": "Cohen's kappa",
    "auroc": "AUROC (macro, one against rest)",
    "calibration_error": "calibration error",
}
"""Titles of the metrics."""


@dataclass(frozen=True)
class Answers:
    """What a classifier predicted, and what was right."""

    reference: Labels
    estimate: Labels
    """`(examples,)` most probable classes."""
    probabilities: Probabilities

    @property
    def n_classes(self) -> int:
        """Columns of the probabilities."""
        return int(self.probabilities.shape[1])

    @cached_property
    def of_classes(self) -> dict[str, npt.NDArray[np.float64]]:
        """Precision, recall and F1 of each class, `(classes,)`; a class never predicted has precision 0."""
        found = sklearn.precision_recall_fscore_support(
            self.reference, self.estimate, labels=np.arange(self.n_classes), zero_division=0.0
        )
        return dict(zip(("precision", "recall", "f1"), found, strict=False))


def classification_scores(
    *, reference: Labels, probabilities: Probabilities, metrics: Iterable[str] = CLASSIFICATION
) -> dict[str, Score]:
    """Score a classifier.

    Args:
        reference: `(examples,)` true classes.
        probabilities: `(examples, classes)`, rows that sum to 1; the most probable class is the answer.
        metrics: of `CLASSIFICATION`.

    Returns:
        By name: accuracy, balanced_accuracy, macro_f1, sensitivity, specificity, precision, kappa, auroc in [0, 1]
        (kappa in [-1, 1]), more is better; and calibration_error in [0, 1], less is better.

    Raises:
        InputError: shapes do not fit, or a class is out of range.
    """
    n_classes = _check(reference, probabilities)
    if len(reference) == 0:
        return dict.fromkeys(metrics, Score(None, "no examples"))
    answers = Answers(reference, probabilities.argmax(axis=1), probabilities)
    missing = [str(c) for c in range(n_classes) if not np.any(reference == c)]
    return {name: _score(name, answers, missing) for name in metrics}


def _score(name: str, answers: Answers, missing: list[str]) -> Score:
    if missing and name in OVER_CLASSES:
        return Score(None, f"no example of class {', '.join(missing)}")
    if name in OF_SEVERAL and (answers.n_classes == 1 or (name == "kappa" and _is_one_class(answers))):
        return Score(None, "one class alone")
    return Score(float(FORMULAS[name](answers)))


def _is_one_class(answers: Answers) -> bool:
    return len(np.unique([*answers.reference, *answers.estimate])) == 1


def _specificity(answers: Answers) -> float:
    """Recall of the rest; with one class alone there is none."""
    if answers.n_classes == 1:
        return 0.0
    classes = np.arange(answers.n_classes)
    counts = sklearn.multilabel_confusion_matrix(answers.reference, answers.estimate, labels=classes)
    return float(np.mean(counts[:, 0, 0] / counts[:, 0].sum(axis=1)))


def _auroc(answers: Answers) -> float:
    areas = [
        sklearn.roc_auc_score(answers.reference == c, answers.probabilities[:, c]) for c in range(answers.n_classes)
    ]
    return float(np.mean(areas))


FORMULAS: dict[str, Callable[[Answers], float]] = {
    "accuracy": lambda answers: np.mean(answers.reference == answers.estimate),
    "balanced_accuracy": lambda answers: answers.of_classes["recall"].mean(),
    "macro_f1": lambda answers: answers.of_classes["f1"].mean(),
    "sensitivity": lambda answers: answers.of_classes["recall"].mean(),
    "specificity": _specificity,
    "precision": lambda answers: answers.of_classes["precision"].mean(),
    "kappa": lambda answers: sklearn.cohen_kappa_score(answers.reference, answers.estimate),
    "auroc": _auroc,
    "calibration_error": lambda answers: calibration_error(
        reference=answers.reference, probabilities=answers.probabilities
    ),
}
OVER_CLASSES = {"balanced_accuracy", "macro_f1", "sensitivity", "specificity", "precision", "auroc"}
"""What is not defined where a class has no example."""
OF_SEVERAL = {"kappa", "auroc"}
"""What needs more than one class."""


def confusion(*, reference: Labels, estimate: Labels, n_classes: int) -> npt.NDArray[np.int64]:
    """How often each true class was taken for each class, `(true classes, classes)`, from classes `(examples,)`."""
    counts: npt.NDArray[np.int64] = sklearn.confusion_matrix(reference, estimate, labels=np.arange(n_classes))
    return counts


def reliability(*, reference: Labels, probabilities: Probabilities) -> npt.NDArray[np.float64]:
    """Confidence and accuracy in bins of equal width (Naeini et al. 2015).

    Args:
        reference: `(examples,)` true classes.
        probabilities: `(examples, classes)`.

    Returns:
        `(bins, 3)`: mean confidence, accuracy, share of the examples; NaN, NaN, 0 for an empty bin.
    """
    confidence = probabilities.max(axis=1).astype(float)
    right = (probabilities.argmax(axis=1) == reference).astype(float)
    edges = np.linspace(0.0, 1.0, N_BINS + 1)
    means = binned_statistic(confidence, [confidence, right], statistic="mean", bins=edges).statistic
    counts = binned_statistic(confidence, confidence, statistic="count", bins=edges).statistic
    return np.column_stack([*means, counts / len(reference)])


def calibration_error(*, reference: Labels, probabilities: Probabilities) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over the bins, by their share.

    Args:
        reference: `(examples,)` true classes.
        probabilities: `(examples, classes)`.
    """
    rows = reliability(reference=reference, probabilities=probabilities)
    return float(np.nansum(np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]))


def _check(reference: Labels, probabilities: Probabilities) -> int:
    if probabilities.ndim != 2 or reference.shape != probabilities.shape[:1]:
        raise InputError(
            f"reference and probabilities must be (examples,) and (examples, classes) but are {reference.shape} "
            f"and {probabilities.shape}; stack them so"
        )
    n_classes = int(probabilities.shape[1])
    if len(reference) and not 0 <= reference.min() <= reference.max() < n_classes:
        raise InputError(f"classes must be 0 to {n_classes - 1} but reach from {reference.min()} to {reference.max()}")
    return n_classes
