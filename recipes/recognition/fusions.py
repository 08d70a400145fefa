"""The two ways to fuse on several tasks: `python -m recipes.recognition.fusions OUT.md --task NAME=FOLDER ...`.

One row a task: the best single modality, every concatenation and every ensemble, and the difference of late
concatenation and each ensemble. Nothing is typed by hand: it holds what the predictions of the evaluations say.
"""

import argparse
import sys
from pathlib import Path

from avse.errors import ConfigError
from avse.report.document import Part, Table
from recipes import result_file
from recipes.paired_tests import holm, sign_flip_p
from recipes.recognition.features import CLEAN
from recipes.recognition.scores import Comparison, best_modality, read_comparison, show
from recipes.recognition.systems import ENSEMBLES, FUSIONS


def task_lines(tasks: dict[str, Comparison]) -> list[list[str]]:
    """Accuracy of every fusion on every task; lines of a table."""
    names = [*FUSIONS.values(), *ENSEMBLES]
    lines = [["accuracy, 95 % interval", "n", "best single modality", *names]]
    for task, comparison in tasks.items():
        best = best_modality(comparison)
        cells = [
            show(comparison.units(CLEAN, name)) if name in comparison.systems() else "-" for name in (best, *names)
        ]
        n = f"{len(comparison.first.labels)} of {len(set(comparison.first.groups))} groups"
        lines.append([task, n, f"{best}: {cells[0]}", *cells[1:]])
    return lines


def difference_lines(tasks: dict[str, Comparison]) -> list[list[str]]:
    """Late concatenation less each ensemble on every task, Holm over the table; lines of a table."""
    late = FUSIONS["late"]
    rows = [
        (f"{task}: {late} over {name}", comparison.units(CLEAN, late) - comparison.units(CLEAN, name))
        for task, comparison in tasks.items()
        for name in ENSEMBLES
        if name in comparison.systems()
    ]
    ps = holm([sign_flip_p(list(difference)) for _, difference in rows])
    lines = [["", "difference in accuracy, 95 % interval", "p (Holm)"]]
    return lines + [[name, show(d, signed=True), f"{p:.3f}"] for (name, d), p in zip(rows, ps, strict=True)]


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The file's paragraphs.

    Raises:
        ConfigError: a task is not NAME=FOLDER, or the folder holds no evaluation.
    """
    tasks = {}
    for given in arguments.task:
        name, equals, folder = given.partition("=")
        if not equals:
            raise ConfigError(f"task must be NAME=FOLDER but is {given!r}; correct it")
        tasks[name] = read_comparison(Path(folder))
    note = (
        "Held-out people; intervals over groups from five groups on, else over recordings, which makes them too narrow."
    )
    return [
        *result_file.head("Concatenation against ensembles", command=arguments.command, note=note),
        Table(task_lines(tasks)),
        Table(difference_lines(tasks)),
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the table."""
    parser = result_file.parser_of(__doc__)
    parser.add_argument(
        "--task", action="append", required=True, help="NAME=FOLDER of an evaluation; may be given again"
    )
    return result_file.run(parts_of, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
