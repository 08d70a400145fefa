"""One page of a drive: what was measured, how likely each level is over time, and which one is predicted."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from avse.drives.drive import Drive
from avse.models.driver_stress import DriverStressConfig
from recipes.driver_stress.stress_figures import COLOURS
from recipes.driver_stress.windows import UNKNOWN, Levels

MOST_POINTS = 2000
"""Points of a line; of more samples the least and the largest of each stretch are drawn."""


def stress_page(
    drive: Drive, config: DriverStressConfig, probabilities: npt.NDArray[np.float64], levels: Levels
) -> Figure:
    """Plots under each other, on one axis of time.

    Args:
        drive: as the network takes it; what is masked is left blank.
        config: of the network.
        probabilities: `(windows, levels)`.
        levels: `(windows,)` true ones, -1 where none is known.
    """
    rows = [(name, row) for name in config.modalities for row in range(len(drive.signals[name].channels))]
    heights = [1.0] * len(rows) + [1.6, 0.8]
    figure = Figure(figsize=(9, 0.75 * sum(heights) + 1), layout="constrained")
    axes: Any = figure.subplots(len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights})
    for (name, row), own in zip(rows, axes, strict=False):
        signal = drive.signals[name]
        _line(own, signal.values[row], signal.mask[row], rate_hz=signal.rate_hz)
        own.set_ylabel(signal.channels[row], rotation=0, ha="right", va="center", fontsize=7)
        own.tick_params(labelsize=6)
    edges_min = np.arange(len(probabilities) + 1) * config.window_s / 60
    _probabilities(axes[-2], edges_min, probabilities, config.levels)
    _predicted(axes[-1], edges_min, probabilities.argmax(axis=1), levels, config.levels)
    axes[0].set_title(f"{drive.id}: stress in windows of {config.window_s:g} s", fontsize=10)
    axes[-1].set(xlabel="time, minutes", xlim=(0, edges_min[-1]))
    return figure


def _line(axes: Any, values: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], *, rate_hz: float) -> None:
    """A channel, blank where it was not measured."""
    shown = np.where(mask, values, np.nan)
    n = -(-len(shown) // MOST_POINTS)
    padded = np.pad(shown, (0, -len(shown) % n), constant_values=np.nan).reshape(-1, n)
    minutes = np.arange(len(padded)) * n / rate_hz / 60
    if n == 1:
        axes.plot(minutes, padded[:, 0], linewidth=0.6, color="#34495e")
        return
    real = ~np.isnan(padded)
    least, largest = (np.where(real, padded, fill) for fill in (np.inf, -np.inf))
    axes.fill_between(
        minutes, least.min(axis=1), largest.max(axis=1), where=real.any(axis=1), color="#34495e", linewidth=0.4
    )


def _probabilities(
    axes: Any, edges_min: npt.NDArray[np.float64], probabilities: npt.NDArray[np.float64], names: tuple[str, ...]
) -> None:
    last = np.vstack([probabilities, probabilities[-1:]])
    axes.stackplot(edges_min, last.T, labels=names, colors=COLOURS, step="post")
    axes.set_ylim(0, 1)
    axes.tick_params(labelsize=6)
    axes.set_ylabel("probability", rotation=0, ha="right", va="center", fontsize=7)
    axes.legend(fontsize=6, loc="upper right", ncols=len(names))


def _predicted(
    axes: Any, edges_min: npt.NDArray[np.float64], predicted: Levels, levels: Levels, names: tuple[str, ...]
) -> None:
    """The predicted level as a staircase; the true one behind it where it is known."""
    known = np.where(levels == UNKNOWN, np.nan, levels)
    if np.isfinite(known).any():
        axes.step(
            edges_min, np.append(known, known[-1]), where="post", color="grey", linewidth=4, alpha=0.4, label="true"
        )
        axes.legend(fontsize=6, loc="upper right")
    axes.step(edges_min, np.append(predicted, predicted[-1]), where="post", color="black", linewidth=1)
    axes.set(yticks=range(len(names)), ylim=(-0.4, len(names) - 0.6))
    axes.set_yticklabels(names, fontsize=6)
    axes.set_ylabel("predicted", rotation=0, ha="right", va="center", fontsize=7)
