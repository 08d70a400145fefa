"""Figures of a classifier: confusion, ROC, reliability, curves over a condition."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from avse.media.output import atomic_write
from avse.types import Labels, Probabilities
from recipes.classification import confusion, reliability


def save(figure: Figure, path: Path, *, force: bool = True) -> None:
    """Write a figure; readers never find half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, force=force) as temporary:
        figure.savefig(temporary, format=path.suffix[1:] or "png", dpi=90)


def confusion_figure(reference: Labels, probabilities: Probabilities, names: Sequence[str]) -> Figure:
    """Share of each true class (rows) that was predicted as each class (columns), and the counts."""
    size = 1.6 + 0.62 * len(names)
    figure, axes = new(size + 0.4, size)
    counts = confusion(reference=reference, estimate=probabilities.argmax(axis=1), n_classes=len(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.ndindex(*shares.shape):
        if counts[row, column]:
            text = f"{shares[row, column]:.0%}\n{counts[row, column]}"
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
    ticks = range(len(names))
    axes.set(xticks=ticks, yticks=ticks, xlabel="predicted", ylabel="true")
    axes.set_xticklabels(names, rotation=45, ha="right", fontsize=7)
    axes.set_yticklabels(names, fontsize=7)
    return figure


def roc_figure(
    reference: Labels, probabilities: Probabilities, names: Sequence[str], *, colours: Sequence[str] | None = None
) -> Figure:
    """Each class against the others; classes without an example on either side are not drawn."""
    from sklearn.metrics import roc_curve

    figure, axes = new(3.6, 3.2)
    for number, name in enumerate(names):
        positive = reference == number
        if positive.any() and not positive.all():
            false, true, _ = roc_curve(positive, probabilities[:, number])
            axes.plot(false, true, color=colours[number] if colours else None, label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.set(xlabel="false positive rate", ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=6)
    return figure


def reliability_figure(systems: Mapping[str, tuple[Labels, Probabilities]]) -> Figure:
    """Accuracy against confidence of some systems."""
    figure, axes = new(3.6, 3.2)
    lowest = 1.0
    for name, (reference, probabilities) in systems.items():
        rows = reliability(reference=reference, probabilities=probabilities)
        axes.plot(rows[:, 0], rows[:, 1], marker="o", markersize=3, label=name)
        lowest = min(lowest, 1 / probabilities.shape[1])
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(lowest * 0.9, 1), ylim=(0, 1))
    axes.legend(fontsize=7)
    return figure


def curve_figure(
    lines: Mapping[str, Sequence[float]], places: Sequence[float], *, x_label: str, y_label: str, chance: float
) -> Figure:
    """A metric over a condition, a line for each system."""
    figure, axes = new(5.4, 3.4)
    for name, values in lines.items():
        axes.plot(places, values, marker="o", markersize=3, label=name)
    axes.axhline(chance, color="grey", linestyle=":", label="chance")
    axes.set(xlabel=x_label, ylabel=y_label, ylim=(0, 1))
    axes.legend(fontsize=6, ncols=2)
    return figure


def new(width: float, height: float) -> tuple[Figure, Any]:
    """A figure of so many inches with one pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()
