"""Write RESULTS.md and its figures: `python -m recipes.driver_stress.stress_results OUT.md ...`.

Nothing in that file is typed by hand: it holds what the predictions of the evaluation say.
"""

import argparse
import sys
from pathlib import Path
from statistics import fmean

from avse.report.document import Heading, Part, Table
from recipes import result_file
from recipes.classification import CLASSIFICATION
from recipes.classifiers import BASELINES
from recipes.driver_scores import MAIN, Comparison, lead_lines, read_comparison, show, system_lines
from recipes.driver_stress import stress_figures
from recipes.driver_stress.disturb import CONDITIONS, SHARES
from recipes.driver_stress.evaluate import COMMITTEE, FUSED, WITHOUT
from recipes.driver_stress.protocol import LEAKY_WARNING

VOTES = ("hard vote", "soft vote", "weighted vote", "stacking")
ROBUST = (FUSED, "soft vote", "stacking")
"""Systems whose robustness is shown."""


def main_part(comparison: Comparison, *, window_s: int, development: list[str]) -> list[Part]:
    """Every system, and how far the fused network is above the others."""
    alone = single_modalities(comparison)
    committee = [COMMITTEE] if COMMITTEE in comparison.systems else []
    systems = ["majority", *BASELINES, *alone, *VOTES, FUSED, *committee]
    best = max(alone, key=lambda name: fmean(comparison.values(name, MAIN).values()))
    n_windows = len(comparison.together(FUSED).levels)
    rivals = ["majority", best, *BASELINES, *VOTES]

    def leads(over: Comparison) -> Table:
        lines = [lead_lines(over, name, rivals) for name in (FUSED, *committee)]
        return Table([lines[0][0], *(line for table in lines for line in table[1:])])

    parts: list[Part] = [
        Heading(f"Unseen drivers, windows of {window_s} s"),
        f"Mean over {len(comparison.systems[FUSED])} drivers, each tested by systems that were trained without them; "
        f"{n_windows} windows. {', '.join(alone)}: the network with this modality alone, of which the votes and the "
        f"stacking are made. {COMMITTEE}: networks that differ by their seed alone, and the mean of what they say. "
        "Intervals: bootstrap over drivers.",
        Table(system_lines(comparison, systems)),
        f"Differences in {CLASSIFICATION[MAIN]}, driver by driver; {best} is the best single modality.",
        leads(comparison),
    ]
    if development:
        rest = comparison.without(development)
        parts += [
            f"Drivers {', '.join(development)} were used when settings were chosen. Without them:",
            Table([row[:2] for row in system_lines(rest, systems)]),
            leads(rest),
        ]
    return parts


def ablation_part(comparison: Comparison) -> list[Part]:
    """What each modality adds; nothing where the evaluation did not ask."""
    lacking = [name for name in comparison.systems if name.startswith(WITHOUT)]
    if not lacking:
        return []
    return [
        Heading("What each modality adds"),
        f"The network with all modalities, and trained again {', '.join(lacking)}.",
        Table(system_lines(comparison, [FUSED, *lacking])),
        Table(lead_lines(comparison, FUSED, lacking)),
    ]


def length_part(folder: Path) -> list[Part]:
    """What the length of the windows does."""
    lengths = sorted(int(path.name) for path in (folder / "driver").iterdir())
    systems = ["majority", *BASELINES, FUSED]
    lines = [["window, s", *systems, f"{FUSED}: accuracy", f"{FUSED}: AUROC"]]
    for window_s in lengths:
        comparison = read_comparison(folder / "driver" / str(window_s))
        cells = [show([*comparison.values(system, MAIN).values()], interval=system == FUSED) for system in systems]
        more = [show([*comparison.values(FUSED, metric).values()]) for metric in ("accuracy", "auroc")]
        lines.append([str(window_s), *cells, *more])
    return [Heading("Length of the windows"), f"{CLASSIFICATION[MAIN]}, unseen drivers.", Table(lines)]


def protocol_part(folder: Path, *, window_s: int) -> list[Part]:
    """What calibration gives, and what a leaky split pretends."""
    titles = {
        "driver": "unseen drivers",
        "calibrated": "the same, relative to their rest",
        "leaky": "leaky: see below",
    }
    systems = [*BASELINES, FUSED]
    lines = [["protocol", *systems]]
    for name, title in titles.items():
        place = folder / name / str(window_s)
        if place.is_dir():
            comparison = read_comparison(place)
            cells = [show([*comparison.values(system, MAIN).values()], interval=True) for system in systems]
            lines.append([title, *cells])
    parts: list[Part] = [Heading("Protocols"), f"{CLASSIFICATION[MAIN]}.", Table(lines)]
    if (folder / "leaky").is_dir():
        parts.append(f"{LEAKY_WARNING[0].upper()}{LEAKY_WARNING[1:]}.")
    return parts


def robustness_part(whole: Comparison, worse: Comparison, *, figures_at: Path, output: Path) -> list[Part]:
    """Modalities taken away or noised."""
    modalities = single_modalities(whole)
    start = {name: fmean(whole.values(name, MAIN).values()) for name in ROBUST}
    lines = [["", *(f"{share:.0%}" for share in (0.0, *SHARES))]]
    curves: dict[str, dict[str, list[float]]] = {condition: {} for condition in CONDITIONS}
    for condition in CONDITIONS:
        for name in ROBUST:
            for modality in modalities:
                keys = [f"{name}|{modality}|{condition}|{share}" for share in SHARES]
                values = [start[name], *(fmean(worse.values(key, MAIN).values()) for key in keys)]
                lines.append([f"{name}, {modality} {condition}", *(f"{value:.3f}" for value in values)])
                if name != "stacking":
                    curves[condition][f"{name}, {modality}"] = values
    path = figures_at / "robustness.png"
    stress_figures.save(stress_figures.robustness(curves, (0.0, *SHARES)), path)
    return [
        Heading("A modality removed or noised"),
        f"{CLASSIFICATION[MAIN]}, unseen drivers, where a share of one modality's windows is taken away, or white "
        "noise of its own standard deviation takes this share of its place.",
        _video_frame(path, output, "robustness"),
        Table(lines),
    ]


def figure_part(comparison: Comparison, *, figures_at: Path, output: Path) -> list[Part]:
    """Confusion, drivers, a drive, ROC, reliability."""
    best_hand = max(BASELINES, key=lambda name: fmean(comparison.values(name, MAIN).values()))
    # A drive in the middle of the field, neither the best nor the worst.
    ranked = sorted(comparison.drives, key=lambda one: comparison.values(FUSED, MAIN).get(one.driver, 0))
    together = {name: comparison.together(name) for name in (FUSED, "stacking", best_hand)}
    figures = {
        "confusion": stress_figures.confusions(together[FUSED]),
        "drivers": stress_figures.driver_bars(comparison, [FUSED, "stacking", best_hand]),
        "trace": stress_figures.trace(ranked[len(ranked) // 2], FUSED),
        "roc": stress_figures.roc(together[FUSED]),
        "reliability": stress_figures.reliabilities(together),
    }
    parts: list[Part] = [
        Heading("Figures"),
        f"Of {FUSED}, unseen drivers; the trace is of a drive in the middle of the field.",
    ]
    for name, figure in figures.items():
        path = figures_at / f"{name}.png"
        stress_figures.save(figure, path)
        parts.append(_video_frame(path, output, name))
    return parts


def single_modalities(comparison: Comparison) -> list[str]:
    """Names of the systems that are one modality's network."""
    known = {"majority", *BASELINES, *VOTES, FUSED, COMMITTEE}
    return [name for name in comparison.systems if name not in known and not name.startswith(WITHOUT)]


def _video_frame(path: Path, output: Path, name: str) -> str:
    return f"![{name}]({path.relative_to(output.parent).as_posix()})"


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The file's paragraphs; its figures are written beside it."""
    output, predictions = arguments.output, arguments.folder / "predictions"
    figures_at = output.parent / "figures"
    config = result_file.read_config(arguments.folder)
    window_s = config["window_s"]
    main_folder = predictions / "driver" / str(window_s)
    comparison, worse = read_comparison(main_folder), read_comparison(main_folder, conditions=True)
    about = result_file.about_lines(
        arguments.folder,
        seeds=str(config["seed"]),
        time="training and testing",
        more=f", {config['workers']} processes",
    )
    parts: list[Part] = [
        *result_file.head(arguments.title, command=arguments.command, note=arguments.note),
        Table(about),
        *main_part(comparison, window_s=window_s, development=config["development"]),
        *ablation_part(comparison),
        *length_part(predictions),
        *protocol_part(predictions, window_s=window_s),
    ]
    if worse.systems:
        parts += robustness_part(comparison, worse, figures_at=figures_at, output=output)
    return [*parts, *figure_part(comparison, figures_at=figures_at, output=output)]


def main(argv: list[str] | None = None) -> int:
    """Write the file."""
    parser = result_file.parser_of(__doc__, title="Results", folder=True)
    return result_file.run(parts_of, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
