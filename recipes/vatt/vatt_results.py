"""Write RESULTS.md: `python -m recipes.vatt.vatt_results OUT.md --run FOLDER --variants FOLDER --cost FILE ...`.

Nothing in that file is typed by hand: it holds what the scores and the records of the runs say.
"""

import argparse
import sys
from pathlib import Path

from avse.report.document import Heading, Part, Table
from recipes import result_file
from recipes.speech_benchmark.mixture_scores import run_lines
from recipes.vatt.result_tables import (
    TABLES,
    Scores,
    cost_parts,
    drop_lines,
    finetune_lines,
    minutes_of,
    probe_lines,
    read_scores,
    retrieval_lines,
    target_lines,
    transfer_parts,
    variant_lines,
)
from recipes.vatt.target_config import Targets, read_targets


def target_part(scores: Scores, *, targets: Targets, minutes: float) -> list[Part]:
    """What was asked for, if anything was."""
    lines = target_lines(scores, targets, minutes=minutes)
    return [Heading("Targets"), Table(lines)] if len(lines) > 1 else []


def unseen_part(run: Path) -> list[Part]:
    """Retrieval and probes on speakers whom the training has not seen, where they were scored."""
    path = run / "scores_unseen.json"
    if not path.is_file():
        return []
    scores = read_scores(path)
    n = max(found["n_groups"] for found in scores["trained"]["retrieval"].values())
    return [
        Heading(f"Unseen speakers, {scores['split']}"),
        f"Among windows of each of {n} speakers by themselves, means over all queries; then linear probes trained on "
        "the training's speakers. Few clips: the intervals are wide.",
        Table(retrieval_lines(scores)),
        Table(probe_lines(scores)),
    ]


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The file's paragraphs."""
    scores, cost = read_scores(arguments.run / "scores.json"), read_scores(arguments.cost)
    figure = arguments.figure.relative_to(arguments.output.parent)
    parts: list[Part] = [
        *result_file.head("VATT on GRID's mouths", command=arguments.command),
        Heading("Training"),
        Table(run_lines(arguments.run)),
        *target_part(scores, targets=read_targets(arguments.targets), minutes=minutes_of(arguments.run)),
        Heading(f"Retrieval, {scores['split']}"),
        "Zero-shot, among windows of one speaker, several of every sentence: who the speaker is tells nothing.",
        Table(retrieval_lines(scores)),
        Heading("Linear probes"),
        "On frozen features; colour and digit are read from the lips alone, audio is ESC-10 in ten classes. "
        "Untrained: the mean of several networks.",
        Table(probe_lines(scores)),
        *unseen_part(arguments.run),
        f"![t-SNE of the features around the colour's word]({figure})",
        Heading("Fine-tuning"),
        "Accuracy of the encoder of video and a linear layer, with labels, from the weights and from nothing.",
        Table(finetune_lines(arguments.finetune)),
        Heading("Variants"),
        "The same number of steps on the same clips; scores on the validation split.",
    ]
    for title, names in TABLES.items():
        parts += [Heading(title, 3), Table(variant_lines(arguments.variants, names))]
    return [
        *parts,
        Heading("DropToken", 3),
        f"A step is one of {cost['n_windows']} windows.",
        Table(drop_lines(cost, arguments.variants)),
        *cost_parts(cost),
        *transfer_parts(arguments.transfer),
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the file."""
    parser = result_file.parser_of(__doc__)
    add = parser.add_argument
    add("--run", type=Path, required=True, help="folder of the training, with scores.json")
    add("--variants", type=Path, required=True, help="folder of the variants' trainings, with scores.json in each")
    add("--cost", type=Path, required=True, help="what recipes.vatt.cost measured")
    add("--transfer", type=Path, required=True, help="folder of the other models' trainings")
    add("--finetune", type=Path, required=True, help="folder of the fine-tunings, LABEL_with and LABEL_without")
    add("--targets", type=Path, help="targets.yaml of the corpus; without it there is no table of them")
    add("--figure", type=Path, required=True, help="map of the features, beside the output")
    return result_file.run(parts_of, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
