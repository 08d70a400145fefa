"""Write RESULTS.md, figures and report.html: `python -m recipes.recognition.recognition_results OUT.md ...`.

Nothing in them is typed by hand: they hold what the predictions of the evaluation say.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from avse.report.document import Heading, Part, Table
from recipes import class_figures, result_file
from recipes.recognition.examples import LEAKY_WARNING
from recipes.recognition.features import CLEAN, noise_variant
from recipes.recognition.recognition_page import write_report
from recipes.recognition.scores import (
    Comparison,
    best_modality,
    condition_lines,
    read_comparison,
    system_lines,
    test_lines,
)
from recipes.recognition.systems import ENSEMBLES, FUSIONS


def about(folder: Path, config: dict[str, Any], comparison: Comparison) -> list[list[str]]:
    """How the predictions came about, from the evaluation's own records."""
    first = comparison.first
    return [
        *result_file.about_lines(folder, seeds=f"{len(comparison.seeds)} from {config['seed']}"),
        ["tested", f"{len(first.labels)} recordings of {len(set(first.groups))} groups, {len(first.names)} labels"],
        ["encoders", ", ".join(f"{name}: {Path(e).name}" for name, e in config["modalities"].items())],
    ]


def fused(comparison: Comparison) -> list[str]:
    """Names of the fusions and ensembles that are there."""
    return [name for name in (*FUSIONS.values(), *ENSEMBLES) if name in comparison.systems()]


def main_part(comparison: Comparison) -> list[Part]:
    """Every system, and the tests of the fused ones."""
    unit = "groups" if comparison.by_group else "recordings"
    caveat = "" if comparison.by_group else ", taken as independent, for there are too few groups; they are too narrow"
    parts: list[Part] = [
        Heading("All systems"),
        f"Accuracy is the mean over {unit}; intervals: bootstrap over {unit}{caveat}. The other metrics are of all "
        "recordings together. SVM and random forest: on hand-crafted features. Votes and stacking are of the networks "
        "with one modality each.",
        Table(system_lines(comparison)),
    ]
    if fused(comparison):
        best = best_modality(comparison)
        late = FUSIONS["late"]
        pairs = [(late, best), *((late, name) for name in fused(comparison) if name != late)]
        parts += [
            f"Paired tests over {unit} (sign flips; p corrected for this table). {best} is the best single modality.",
            Table(test_lines(comparison, pairs, [CLEAN])),
        ]
    return parts


def noise_part(comparison: Comparison, snr_db: list[float], *, figures: Path, output: Path) -> list[Part]:
    """Accuracy over SNR."""
    if not snr_db:
        return []
    names = [*map(noise_variant, sorted(snr_db)), CLEAN]
    systems = [name for name in comparison.systems() if name in comparison.first.systems[names[0]]]
    lines = {
        name: [float(comparison.units(condition, name).mean()) for condition in names]
        for name in [*comparison.modalities(), *fused(comparison)]
    }
    top = max(snr_db) + 5
    figure = class_figures.curve_figure(
        lines, [*sorted(snr_db), top], x_label=f"SNR, dB (at {top:g}: clean)", y_label="accuracy",
        chance=1 / len(comparison.first.names),
    )  # fmt: skip
    path = figures / "snr.png"
    class_figures.save(figure, path)
    parts: list[Part] = [
        Heading("Audio in noise"),
        _image(path, output),
        Table(condition_lines(comparison, names, systems)),
    ]
    if fused(comparison):
        worst = names[0]
        pairs = [(FUSIONS["late"], name) for name in comparison.modalities()]
        parts += [f"Paired tests at {worst}.", Table(test_lines(comparison, pairs, [worst]))]
    return parts


def missing_part(comparison: Comparison) -> list[Part]:
    """A modality missing, or a share of its frames."""
    names = [condition for condition in comparison.first.systems if condition.endswith("missing")]
    systems = [*comparison.modalities(), *fused(comparison)]
    return [
        Heading("A modality missing"),
        "Accuracy where a modality is missing from the test, or a share of its frames at random moments.",
        Table(condition_lines(comparison, [CLEAN, *names], systems)),
    ]


def figure_part(comparison: Comparison, *, figures: Path, output: Path) -> list[Part]:
    """Confusion, ROC, reliability of the concatenation, or of the only modality."""
    shown = FUSIONS["late"] if FUSIONS["late"] in comparison.systems() else comparison.modalities()[0]
    first = comparison.first
    probabilities = first.systems[CLEAN][shown]
    together = {
        name: (first.labels, first.systems[CLEAN][name])
        for name in (shown, "stacking", best_modality(comparison))
        if name in first.systems[CLEAN]
    }
    parts: list[Part] = [Heading("Figures"), f"Of {shown}, first training."]
    for name, figure in {
        "confusion": class_figures.confusion_figure(first.labels, probabilities, first.names),
        "roc": class_figures.roc_figure(first.labels, probabilities, first.names),
        "reliability": class_figures.reliability_figure(together),
    }.items():
        path = figures / f"{name}.png"
        class_figures.save(figure, path)
        parts.append(_image(path, output))
    return parts


def _image(path: Path, output: Path) -> str:
    return f"![{path.stem}]({path.relative_to(output.parent).as_posix()})"


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The file's paragraphs; its figures, and the page if it is asked for, are written beside it."""
    output, folder = arguments.output, arguments.folder
    figures = output.parent / arguments.figures
    config = result_file.read_config(folder)
    comparison = read_comparison(folder)
    parts: list[Part] = result_file.head(arguments.title, command=arguments.command, note=arguments.note)
    if config["leaky"]:
        parts.append(f"{LEAKY_WARNING[0].upper()}{LEAKY_WARNING[1:]}.")
    parts += [
        Table(about(folder, config, comparison)),
        *main_part(comparison),
        *noise_part(comparison, list(config["snr_db"]), figures=figures, output=output),
        *missing_part(comparison),
        *figure_part(comparison, figures=figures, output=output),
    ]
    if arguments.report:
        write_report(arguments.report, comparison, folder=folder, config=config, title=arguments.title)
    return parts


def main(argv: list[str] | None = None) -> int:
    """Write the files."""
    parser = result_file.parser_of(__doc__, title="Results", folder=True)
    parser.add_argument("--figures", default="figures", help="folder of the figures, beside the output")
    parser.add_argument("--report", type=Path, help="also write a page with stills here (.html)")
    return result_file.run(parts_of, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
