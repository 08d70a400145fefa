"""What each modality adds to a classifier: `python -m recipes.driver_stress.modality_gain OUT.md --drives DIR ...`.

A random forest on hand-crafted features of all modalities, of each alone, and of all but each. It memorises little and
takes seconds, so that it tells whether a modality has anything to add: where it gains and a network does not, the
network is at fault; where it does not gain either, the drives are.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from avse.drives.drive import LEVELS, Drive, load_drives
from avse.report.document import Part, Table
from avse.types import Features
from recipes import result_file
from recipes.classifiers import classify
from recipes.driver_predictions import Predictions
from recipes.driver_scores import Comparison, comparison_of, lead_lines, system_lines
from recipes.driver_stress.features import window_features
from recipes.driver_stress.protocol import driver_folds
from recipes.driver_stress.windows import WindowedDrive, with_modalities

ALL, WITHOUT, ALONE = "all", "without ", " alone"


def subsets(modalities: list[str]) -> dict[str, list[str]]:
    """The sets of modalities that are compared, by name."""
    found = {ALL: modalities}
    found |= {name + ALONE: [name] for name in modalities}
    return found | {WITHOUT + name: [other for other in modalities if other != name] for name in modalities}


def compare(drives: list[Drive], *, window_s: int, context_s: int, n_folds: int, seed: int) -> Comparison:
    """Decisions of the forest on every set of modalities, each driver tested by one that was trained without him.

    Args:
        drives: with known levels.
        window_s: seconds for which there is one answer.
        context_s: how far back the features reach.
        n_folds: groups of drivers that are tested in turn.
        seed: of the forests.
    """
    modalities = list(drives[0].signals)
    features = {
        drive.id: {
            name: window_features(with_modalities([drive], [name])[0], window_s=window_s, context_s=context_s)
            for name in modalities
        }
        for drive in drives
    }
    levels = {drive.id: WindowedDrive(drive, window_s=window_s).all().levels for drive in drives}

    def of(some: list[Drive], names: list[str]) -> Features:
        return np.concatenate([_side_by_side(features[d.id], names, len(levels[d.id])) for d in some])

    found: list[Predictions] = []
    for fold in driver_folds(drives, n_folds=n_folds):
        known = np.concatenate([levels[drive.id] for drive in fold.train])
        predicted = {
            title: classify(
                "random forest", (of(fold.train, names), known), of(fold.test, names), n_levels=len(LEVELS), seed=seed
            )
            for title, names in subsets(modalities).items()
        }
        ends = np.cumsum([len(levels[drive.id]) for drive in fold.test])
        for drive, end in zip(fold.test, ends, strict=True):
            rows = slice(end - len(levels[drive.id]), end)
            systems = {title: np.asarray(probabilities[rows], np.float64) for title, probabilities in predicted.items()}
            found.append(Predictions(drive.id, drive.driver, window_s, levels[drive.id], systems, {}))
    return comparison_of(found)


def _side_by_side(by_modality: dict[str, Features], names: list[str], n_windows: int) -> Features:
    """Features of some modalities, `(windows, features)`; sensors may stop a window early."""
    rows = [by_modality[name][:n_windows] for name in names]
    return np.concatenate([np.pad(r, ((0, n_windows - len(r)), (0, 0)), constant_values=np.nan) for r in rows], axis=1)


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The file's paragraphs."""
    drives = with_modalities([drive for drive in load_drives(arguments.drives) if drive.segments], arguments.modality)
    n_folds = arguments.n_folds or len({drive.driver for drive in drives})
    comparison = compare(
        drives, window_s=arguments.window_s, context_s=arguments.context_s, n_folds=n_folds, seed=arguments.seed
    )
    names = list(comparison.systems)
    return [
        *result_file.head(arguments.title, command=arguments.command, note=arguments.note),
        f"A random forest on hand-crafted features, windows of {arguments.window_s} s, "
        f"{len({drive.driver for drive in drives})} drivers, each tested by a forest that was trained on the others; "
        "intervals: bootstrap over drivers.",
        Table(system_lines(comparison, names)),
        Table(lead_lines(comparison, ALL, [name for name in names if name != ALL])),
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the tables."""
    parser = result_file.parser_of(__doc__, title="What each modality adds to a random forest")
    parser.add_argument("--drives", type=Path, required=True, help="folder of drives")
    parser.add_argument("--modality", action="append", default=[], help="one to use; repeat it (default: all)")
    parser.add_argument("--n-folds", type=int, default=4, help="groups of drivers; 0 for each by itself (default 4)")
    parser.add_argument("--window-s", type=int, default=30, help="seconds of a window (default 30)")
    parser.add_argument("--context-s", type=int, default=300, help="how far back features reach (default 300)")
    parser.add_argument("--seed", type=int, default=1)
    return result_file.run(parts_of, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
