"""How well classes are distinguished, from probabilities, by the metrics' formulas.

Averages over classes are plain ones (macro): each class counts the same, however rare.
"""

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.metrics.score import Score
from avse.types import Labels, Probabilities

N_BINS = 10
"""Of confidence, for the calibration error."""


def classification_scores(*, reference: Labels, probabilities: Probabilities) -> dict[str, Score]:
    """Every metric of `CLASSIFICATION`.

    Args:
        reference: `(examples,)` true classes.
        probabilities: `(examples, classes)`, rows that sum to 1; the most probable class is the answer.

    Returns:
        By name: accuracy, balanced_accuracy, macro_f1, sensitivity, specificity, precision, kappa, auroc in [0, 1]
        (kappa in [-1, 1]), more is better; and calibration_error in [0, 1], less is better.

    Raises:
        InputError: shapes do not fit, or a class is out of range.
    """
    n_classes = _check(reference, probabilities)
    if len(reference) == 0:
        return {name: Score(None, "no examples") for name in CLASSIFICATION}
    counts = confusion(reference=reference, estimate=probabilities.argmax(axis=1), n_classes=n_classes)
    hits, true, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    total = counts.sum()
    missing = [str(c) for c in range(n_classes) if true[c] == 0]
    absent = f"no example of class {', '.join(missing)}"
    # A class that was there and never named has precision 0, as in scikit-learn.
    precisions = np.divide(hits, predicted, out=np.zeros(n_classes), where=predicted > 0)
    recalls = np.divide(hits, true, out=np.zeros(n_classes), where=true > 0)
    both = precisions + recalls
    f1 = np.divide(2 * precisions * recalls, both, out=np.zeros(n_classes), where=both > 0)
    others = total - true
    rejected = np.divide(others - (predicted - hits), others, out=np.zeros(n_classes), where=others > 0)
    chance = float((true / total) @ (predicted / total))
    agreement = float(hits.sum() / total)

    def over_classes(values: npt.NDArray[np.floating]) -> Score:
        return Score(None, absent) if missing else Score(float(values.mean()))

    return {
        "accuracy": Score(agreement),
        "balanced_accuracy": over_classes(recalls),
        "macro_f1": over_classes(f1),
        "sensitivity": over_classes(recalls),
        "specificity": over_classes(rejected),
        "precision": over_classes(precisions),
        "kappa": Score(None, "one class alone") if chance == 1 else Score((agreement - chance) / (1 - chance)),
        "auroc": Score(None, absent)
        if missing
        else Score(None, "one class alone")
        if n_classes == 1
        else Score(_auroc(reference, probabilities)),
        "calibration_error": Score(calibration_error(reference=reference, probabilities=probabilities)),
    }


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


def confusion(*, reference: Labels, estimate: Labels, n_classes: int) -> npt.NDArray[np.int64]:
    """How often each true class was taken for each class, `(true classes, classes)`, from classes `(examples,)`."""
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (reference, estimate), 1)
    return counts


def reliability(*, reference: Labels, probabilities: Probabilities) -> npt.NDArray[np.float64]:
    """Confidence and accuracy in bins of equal width (Naeini et al. 2015).

    Returns:
        `(bins, 3)`: mean confidence, accuracy, share of the examples; NaN, NaN, 0 for an empty bin.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == reference
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    rows = np.full((N_BINS, 3), np.nan)
    for number in range(N_BINS):
        inside = bins == number
        rows[number, 2] = inside.mean()
        if inside.any():
            rows[number, :2] = confidence[inside].mean(), right[inside].mean()
    return rows


def calibration_error(*, reference: Labels, probabilities: Probabilities) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over the bins, by their share.

    Args:
        reference: `(examples,)` true classes.
        probabilities: `(examples, classes)`.
    """
    rows = reliability(reference=reference, probabilities=probabilities)
    return float(np.nansum(np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]))


def _auroc(reference: Labels, probabilities: Probabilities) -> float:
    """Mean over classes of how often an example of the class gets more of its probability than one of another.

    By ranks, ties counting half (Hanley and McNeil 1982): thousands of bootstrapped scores take seconds.
    """
    areas = []
    for c in range(probabilities.shape[1]):
        inside = reference == c
        _, places, counts = np.unique(probabilities[:, c], return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
        n = int(inside.sum())
        areas.append((ranks[inside].sum() - n * (n + 1) / 2) / (n * (len(reference) - n)))
    return float(np.mean(areas))


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
