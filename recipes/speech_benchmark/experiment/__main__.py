"""Write an experiment's results: `python -m recipes.speech_benchmark.experiment --experiment FILE.yaml ...`.

Nothing in them is typed by hand: they hold what scores, runs and enhanced files say, as far as these are there.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from avse.data.manifest import Item as Recording
from avse.data.manifest import data_root, read_manifest
from avse.data.mixtures import MixtureReader
from avse.errors import AvseError, ConfigError
from avse.report.document import Heading, Part, Table, to_markdown, to_page
from recipes import result_file
from recipes.speech_benchmark.experiment.config import ExperimentConfig, read_experiment
from recipes.speech_benchmark.experiment.experiment_page import heard_parts
from recipes.speech_benchmark.experiment.experiment_scores import Scored, read_scored
from recipes.speech_benchmark.experiment.items import RATE, Item, choose, read_items
from recipes.speech_benchmark.experiment.mouth_figures import Seen, mouth_figures
from recipes.speech_benchmark.experiment.records import about_lines, cost_parts
from recipes.speech_benchmark.experiment.score_figures import item_figures, score_figures
from recipes.speech_benchmark.experiment.score_tables import (
    HOW_SURE,
    ablation_parts,
    claim_parts,
    failure_parts,
    split_parts,
)
from recipes.speech_benchmark.mixture_scores import SPLITS


class Views(NamedTuple):
    """What there is to see and hear beside the numbers."""

    parts: list[Part]
    items: list[Item]
    chosen: str
    """In words, how the items were chosen."""


def views_of(
    config: ExperimentConfig, scored: Scored, recordings: list[Recording], *, arguments: argparse.Namespace
) -> Views:
    """Draw spectrograms, lip frames, and where networks look; what is missing goes to stderr and is skipped."""
    mixtures, chosen = choose(config, scored)
    reader = MixtureReader(recordings, root=data_root(), sample_rate=RATE)
    items, missing = read_items(mixtures, config, exp=arguments.exp, reader=reader)
    parts: list[Part] = [Heading("Some mixtures"), chosen, *item_figures(items, arguments.figures)]
    if arguments.crops:
        seen = Seen(reader, arguments.crops)
        mouths, more = mouth_figures(
            config, scored.results, mixtures, exp=arguments.exp, seen=seen, folder=arguments.figures
        )
        parts += [Heading("What the networks see"), *mouths] if mouths else []
        missing += more
    for line in missing:
        print(f"experiment: {line}", file=sys.stderr)
    return Views(parts, items, chosen)


def main(argv: list[str] | None = None) -> int:
    """Write the tables, the figures and the page."""
    arguments = _arguments(argv)
    try:
        config = read_experiment(arguments.experiment)
        recordings = read_manifest(arguments.manifest)
        scored = read_scored(config, exp=arguments.exp, mixtures=arguments.mixtures)
        for line in scored.missing:
            print(f"experiment: {line}", file=sys.stderr)
        drawn, views = [], Views([], [], "")
        if arguments.figures:
            drawn = [Heading("Figures"), *score_figures(config, scored, arguments.figures)]
            views = views_of(config, scored, recordings, arguments=arguments)
        parts: list[Part] = [
            result_file.origin(arguments.command, note=HOW_SURE),
            Table(about_lines(scored.results, recordings, command=arguments.command)),
            *claim_parts(config, scored),
            *ablation_parts(config, scored),
            *cost_parts(config, arguments.exp),
            *failure_parts(config, scored),
            *drawn,
            *views.parts,
            *(part for split in SPLITS for part in split_parts(config, scored, split)),
        ]
        text = f"# {arguments.title}\n\n{to_markdown(parts, folder=arguments.output.parent)}"
        result_file.write(arguments.output, text)
        if arguments.html:
            page = to_page([*parts, *heard_parts(views.items, chosen=views.chosen)], title=arguments.title)
            result_file.write(arguments.html, page)
    except AvseError as error:
        print(f"experiment: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="experiment", description=__doc__)
    add = parser.add_argument
    add("--experiment", type=Path, required=True, help="YAML of the systems, ablations and claims")
    add("--exp", type=Path, required=True, help="folder with a folder for each system")
    add("--mixtures", type=Path, required=True, help="list of fixed mixtures")
    add("--manifest", type=Path, required=True)
    add("--output", type=Path, required=True, help="Markdown to write")
    add("--figures", type=Path, help="folder for figures, beside the output; without it none are drawn")
    add("--crops", type=Path, help="folder of the crops stage; without it no mouths are drawn")
    add("--html", type=Path, help="page to write")
    add("--title", default="Results")
    add("--command", required=True, help="what a reader types to get these files")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
