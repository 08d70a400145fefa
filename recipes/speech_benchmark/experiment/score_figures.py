"""Figures of the scores and of the recordings, each a file; the same scores give the same bytes."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from avse.media.output import atomic_write
from avse.metrics.table import METRICS
from avse.report.document import FigureFile, Part
from avse.report.views import draw_level, level_db
from recipes.speech_benchmark.experiment.comparison import mean_of
from recipes.speech_benchmark.experiment.config import ExperimentConfig
from recipes.speech_benchmark.experiment.experiment_scores import Scored
from recipes.speech_benchmark.experiment.items import RATE, Item
from recipes.speech_benchmark.mixture_scores import SPLITS

SHOWN = ("pesq_wb", "si_sdr_db")
"""Metrics that are drawn."""
N_COLOURS = 128
"""Of a PNG: spectrograms and mouths need no more, and the file becomes half as large."""
MARKERS = "osD^v<>PX*"


def save(figure: Figure, path: Path) -> None:
    """Write an .svg or .png without date and random names, atomically."""
    with atomic_write(path, force=True) as temporary:
        if path.suffix == ".svg":
            with rc_context({"svg.hashsalt": "avse", "svg.fonttype": "none"}):
                figure.savefig(temporary, format="svg", metadata={"Date": None})
        else:
            drawn = io.BytesIO()
            figure.savefig(drawn, format="png", dpi=90)
            Image.open(drawn).convert("RGB").quantize(
                N_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            ).save(temporary, format="png", optimize=True)


def score_figures(config: ExperimentConfig, scored: Scored, folder: Path) -> list[Part]:
    """Curves against the SNR and bars by noise type, of the main metrics."""
    parts: list[Part] = []
    for metric in SHOWN:
        if metric in scored.metrics:
            title = METRICS[metric].title
            kinds: dict[str, tuple[Callable[..., Figure], str]] = {
                "snr": (snr_curves, f"{title} against the SNR, with 95 % intervals"),
                "noise": (noise_bars, f"{title} by noise type"),
            }
            for name, (draw, caption) in kinds.items():
                path = folder / f"{name}_{metric}.svg"
                save(draw(config, scored, metric), path)
                parts.append(FigureFile(path, caption))
    return parts


def snr_curves(config: ExperimentConfig, scored: Scored, metric: str) -> Figure:
    """A metric against the SNR, a panel for each split, a line with intervals for each system."""
    splits = _splits(scored)
    figure = Figure(figsize=(4.4 * len(splits) + 2.2, 4.2), layout="constrained")
    panels: Any = np.atleast_1d(figure.subplots(1, len(splits), sharey=True))
    for axes, split in zip(panels, splits, strict=True):
        snrs_db = sorted({mixture.snr_db for mixture in scored.results.counted(split)})
        # Beside each other, so that intervals can be distinguished.
        step = 0.3 * min(np.diff(snrs_db), default=5.0) / max(1, len(config.systems))
        for index, (name, title) in enumerate(config.systems.items()):
            points = []
            for snr_db in snrs_db:
                mean = mean_of(scored.results, name, metric, scored.results.counted(split, snr_db=snr_db))
                if mean:
                    low, high = mean.interval()
                    points.append((snr_db, mean.value, mean.value - low, high - mean.value))
            if points:
                x, y, below, above = np.array(points).T
                x = x + step * (index - len(config.systems) / 2)
                style = {"color": colour(index), "marker": MARKERS[index % len(MARKERS)], "markersize": 4}
                axes.errorbar(x, y, np.clip([below, above], 0, None), label=title, elinewidth=0.8, linewidth=1, **style)
        axes.set(title=split, xlabel="SNR, dB", xticks=snrs_db)
    panels[0].set_ylabel(METRICS[metric].title)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    return figure


def noise_bars(config: ExperimentConfig, scored: Scored, metric: str) -> Figure:
    """A metric by noise type, a panel for each split, a bar for each system."""
    splits = _splits(scored)
    systems = [name for name in config.systems if name in scored.results.systems]
    figure = Figure(figsize=(11, 2.6 * len(splits) + 0.4), layout="constrained")
    panels: Any = np.atleast_1d(figure.subplots(len(splits), 1))
    for axes, split in zip(panels, splits, strict=True):
        types = list(dict.fromkeys(mixture.noise_type for mixture in scored.results.of(split)))
        width = 0.85 / len(systems)
        for index, name in enumerate(systems):
            means = [
                mean_of(scored.results, name, metric, scored.results.of(split, noise_type=noise_type))
                for noise_type in types
            ]
            places = np.arange(len(types)) + (index - (len(systems) - 1) / 2) * width
            heights = [mean.value if mean else np.nan for mean in means]
            axes.bar(places, heights, width, color=colour([*config.systems].index(name)), label=config.systems[name])
        axes.set(xticks=range(len(types)), ylabel=METRICS[metric].title)
        axes.set_xticklabels(types, rotation=20, ha="right", fontsize=7)
        axes.set_title(split, fontsize=9)
        if metric == "pesq_wb":
            axes.set_ylim(bottom=1)  # PESQ has no 0
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    return figure


def item_figures(items: Sequence[Item], folder: Path) -> list[Part]:
    """Spectrograms of every item, noisy to clean."""
    parts: list[Part] = []
    for number, item in enumerate(items, start=1):
        path = folder / f"spectrograms_{number}.png"
        save(spectrograms(item), path)
        parts.append(FigureFile(path, f"{item.mixture.id}, {item.mixture.split}: noisy, enhanced, clean"))
    return parts


def spectrograms(item: Item) -> Figure:
    """A spectrogram of each recording, on one scale of colours."""
    levels = {title: level_db(audio, RATE) for title, audio in item.recordings.items()}
    loudest_db = float(levels["clean"].max())
    n_columns = min(4, len(levels))
    n_rows = -(-len(levels) // n_columns)
    figure = Figure(figsize=(2.3 * n_columns, 1.35 * n_rows), layout="constrained")
    panels: Any = np.atleast_1d(figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)).ravel()
    for axes, (title, level) in zip(panels, levels.items(), strict=False):
        draw_level(axes, level, loudest_db=loudest_db, duration_s=len(item.recordings[title]) / RATE, rate=RATE)
        axes.set_title(title, fontsize=7)
        axes.tick_params(labelsize=6)
    for axes in panels[len(levels) :]:
        axes.set_axis_off()
    figure.supxlabel("time, s", fontsize=7)
    figure.supylabel("frequency, kHz", fontsize=7)
    return figure


def colour(index: int) -> Any:
    """Of a system, the same in every figure."""
    from matplotlib import colormaps

    return colormaps["tab20"](index % 20)


def _splits(scored: Scored) -> list[str]:
    return [split for split in SPLITS if scored.results.counted(split)]
