"""Write the table of the normalised systems: `python -m recipes.driver_stress.normalised_results OUT.md ...`.

Nothing in that file is typed by hand: it holds what the predictions of `recipes.driver_stress.running` say.
"""

import argparse
import sys
from statistics import fmean

from avse.report.document import Heading, Part, Table
from recipes import result_file
from recipes.classification import CLASSIFICATION
from recipes.driver_scores import MAIN, Comparison, lead_lines, read_comparison, show, system_lines
from recipes.driver_stress.running import COMMITTEE
from recipes.paired_tests import sign_flip_p

NORMALISED = ", normalised"


def networks(comparison: Comparison) -> list[str]:
    """Names of the networks, each the mean of its seeds."""
    return [name for name in comparison.systems if name.endswith(COMMITTEE)]


def seed_lines(comparison: Comparison) -> list[list[str]]:
    """How far single trainings of one network lie apart; lines of a table."""
    lines = [["", "trainings", "mean", "lowest", "highest"]]
    for network in networks(comparison):
        title = network.removesuffix(COMMITTEE)
        means = [
            fmean(comparison.values(name, MAIN).values())
            for name in comparison.systems
            if name.startswith(f"{title}, seed")
        ]
        lines.append([title, str(len(means)), *(f"{value:.3f}" for value in (fmean(means), min(means), max(means)))])
    return lines


def target_lines(comparison: Comparison, *, target: float) -> list[list[str]]:
    """Each network against the best classifier with the same normalisation; lines of a table.

    Args:
        comparison: all systems.
        target: what a network is to be above the classifier.
    """

    def mean(name: str) -> float:
        return fmean(comparison.values(name, MAIN).values())

    rival = max((name for name in comparison.systems if name.endswith(NORMALISED)), key=mean)
    lines = [["network", "best classifier", "lead, 95 % interval", "p, sign flips", f"target +{target:g}"]]
    for network in sorted(networks(comparison), key=mean, reverse=True):
        leads = comparison.lead(network, rival)
        met = "met" if fmean(leads) >= target else "missed"
        lines.append([network, rival, show(leads, interval=True, signed=True), f"{sign_flip_p(leads):.3f}", met])
    return lines


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The file's paragraphs."""
    config, target = result_file.read_config(arguments.folder), arguments.target
    comparison = read_comparison(arguments.folder / "predictions")
    about = result_file.about_lines(arguments.folder, seeds=f"{config['n_seeds']} from {config['seed']}")
    n_drivers = len({one.driver for one in comparison.drives})
    classifiers = [name for name in comparison.systems if ", seed " not in name]
    best = max(networks(comparison), key=lambda name: fmean(comparison.values(name, MAIN).values()))
    asked: list[Part] = []
    if target is not None:
        asked = [Heading("Target"), Table(target_lines(comparison, target=target))]
    return [
        *result_file.head(arguments.title, command=arguments.command, note=arguments.note),
        Table([*about, ["drivers tested", str(n_drivers)]]),
        f"{CLASSIFICATION[MAIN]} and others, mean over drivers, each tested by systems trained without it; windows of "
        f"{config['window_s']} s; intervals: bootstrap over drivers. `normalised`: relative to the driver's own past, "
        "as all networks' input is.",
        Table(system_lines(comparison, classifiers)),
        *asked,
        Table(lead_lines(comparison, best, [name for name in classifiers if name != best])),
        Heading("Trainings"),
        "Mean of the drivers, by training.",
        Table(seed_lines(comparison)),
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the file."""
    parser = result_file.parser_of(__doc__, title="Driver stress, normalised by driver", folder=True)
    parser.add_argument("--target", type=float, help="what the best network is to be above the best classifier")
    return result_file.run(parts_of, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
