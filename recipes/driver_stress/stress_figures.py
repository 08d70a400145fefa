"""Figures of an evaluation, each a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from avse.drives.drive import LEVELS
from avse.media.output import atomic_write
from recipes.classification import CLASSIFICATION, confusion, reliability
from recipes.driver_predictions import Predictions
from recipes.driver_scores import MAIN, Comparison, Decisions

COLOURS = ("#4c9f70", "#e0a030", "#c0392b")
"""Of the levels."""


def save(figure: Figure, path: Path, *, force: bool = True) -> None:
    """Write a figure atomically."""
    with atomic_write(path, force=force) as temporary:
        figure.savefig(temporary, format=path.suffix[1:] or "png", dpi=90)


def confusions(decisions: Decisions) -> Figure:
    """How often each level was taken for each, as a share of the true ones."""
    figure, axes = _new(3.6, 3.2)
    counts = confusion(
        reference=decisions.levels, estimate=decisions.probabilities.argmax(axis=1), n_classes=len(LEVELS)
    )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.ndindex(*shares.shape):
        text = f"{shares[row, column]:.0%}\n{counts[row, column]}"
        axes.text(column, row, text, ha="center", va="center", color="white" if shares[row, column] > 0.5 else "black")
    axes.set(
        xticks=range(3), yticks=range(3), xticklabels=LEVELS, yticklabels=LEVELS, xlabel="predicted", ylabel="true"
    )
    return figure


def driver_bars(comparison: Comparison, systems: Sequence[str]) -> Figure:
    """The main metric of some systems, driver by driver."""
    figure, axes = _new(8, 3)
    drivers = sorted({driver for system in systems for driver in comparison.systems[system]})
    for number, system in enumerate(systems):
        values = comparison.values(system, MAIN)
        places = np.arange(len(drivers)) + (number - (len(systems) - 1) / 2) * 0.8 / len(systems)
        axes.bar(places, [values.get(driver, np.nan) for driver in drivers], 0.8 / len(systems), label=system)
    axes.axhline(1 / len(LEVELS), color="grey", linestyle=":", label="chance")
    axes.set(xticks=range(len(drivers)), xticklabels=drivers, xlabel="driver", ylabel=CLASSIFICATION[MAIN], ylim=(0, 1))
    axes.legend(fontsize=7, ncols=len(systems) + 1)
    return figure


def trace(one: Predictions, system: str) -> Figure:
    """What a system predicted over one drive, above the true levels."""
    return stress_trace(one.systems[system], one.levels, window_s=one.window_s, title=f"{one.drive}, {system}")


def stress_trace(probabilities: np.ndarray, levels: np.ndarray, *, window_s: float, title: str) -> Figure:
    """Probabilities of the levels over a drive, and the true ones below where known.

    Args:
        probabilities: `(windows, levels)`.
        levels: `(windows,)`, -1 where none is known.
        window_s: seconds of a window.
        title: above the figure.
    """
    figure, axes = _new(8, 2.8)
    minutes = np.arange(len(levels) + 1) * window_s / 60
    axes.stackplot(minutes[:-1], probabilities.T, labels=LEVELS, colors=COLOURS, step="post")
    for level, colour in enumerate(COLOURS):
        axes.fill_between(minutes, -0.12, -0.04, where=np.append(levels, -1) == level, color=colour, step="post")
    axes.set(xlabel="time, minutes (below: true level)", ylabel="probability", ylim=(-0.14, 1), xlim=(0, minutes[-1]))
    axes.set_title(title, fontsize=9)
    axes.legend(fontsize=7, loc="upper right")
    return figure


def roc(decisions: Decisions) -> Figure:
    """Each level against the others."""
    from sklearn.metrics import roc_curve

    figure, axes = _new(3.6, 3.2)
    for level, name in enumerate(LEVELS):
        false, true, _ = roc_curve(decisions.levels == level, decisions.probabilities[:, level])
        axes.plot(false, true, color=COLOURS[level], label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.set(xlabel="false alarms", ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=7)
    return figure


def reliabilities(systems: Mapping[str, Decisions]) -> Figure:
    """How often systems are right where they are how sure."""
    figure, axes = _new(3.6, 3.2)
    for name, decisions in systems.items():
        rows = reliability(reference=decisions.levels, probabilities=decisions.probabilities)
        axes.plot(rows[:, 0], rows[:, 1], marker="o", markersize=3, label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0.3, 1), ylim=(0, 1))
    axes.legend(fontsize=7)
    return figure


def robustness(curves: Mapping[str, Mapping[str, Sequence[float]]], shares: Sequence[float]) -> Figure:
    """The main metric against the share that is removed or noise; a panel for each condition, a line for each curve."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    panels: Any = figure.subplots(1, len(curves), sharey=True)
    for axes, (condition, lines) in zip(np.atleast_1d(panels), curves.items(), strict=True):
        for name, values in lines.items():
            axes.plot(shares, values, marker="o", markersize=3, label=name, linestyle="--" if "vote" in name else "-")
        axes.set(xlabel=f"share {condition}", ylim=(0.2, 1))
        axes.legend(fontsize=6)
    np.atleast_1d(panels)[0].set_ylabel(CLASSIFICATION[MAIN])
    return figure


def _new(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()
