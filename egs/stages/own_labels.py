"""The stages of recognition on labelled videos of one's own: evaluate, results.

Every stage skips what is done; a stopped run continues where it stopped.
"""

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from egs.stages.command import ROOT, Command, Pipeline, StageError, command
from egs.stages.options import Parser
from egs.stages.own_data import absolute
from egs.stages.recognition import RECIPE

STAGES = ("evaluate", "results")


def parser_of(corpus: str, settings: dict[str, Any]) -> Parser:
    """The options of these stages."""
    parser = Parser(corpus, "Recognition: features, every system on every fold, the model, and a report.", STAGES)
    add = parser.add_argument
    add("--videos", default="", metavar="DIR", help="LABEL/PERSON/FILE, or any files with a labels.csv")
    add("--labels", default="", metavar="FILE.csv", help="columns file, label, group")
    add("--modalities", default="", metavar="JSON", help='such as {"lips": "lip_cue", "text": "words"}')
    parser.add_results()
    parser.add_workers()
    parser.add_flag("--leaky", "recordings of one person in training and test, which is wrong, to show by how much")
    return parser


def pipeline(corpus: str, settings: dict[str, Any], options: argparse.Namespace, *, here: Path) -> Pipeline:
    """The stages for these options.

    Raises:
        StageError: nobody says where the videos are.
    """
    if not options.videos and not (ROOT / options.exp / "run").is_dir():
        raise StageError("--videos must name the folder of labelled videos but is missing")
    stages = {
        "evaluate": partial(evaluate, corpus, options, here),
        "results": partial(results, corpus, settings, options),
    }
    return Pipeline(stages, os.environ)


def evaluate(corpus: str, options: argparse.Namespace, here: Path) -> Iterator[Command]:
    """Compute the features, train and test every system, and train the model."""
    more = ["--videos", absolute(options.videos, here)]
    more += ["--labels", absolute(options.labels, here)] if options.labels else []
    more += ["--modalities", options.modalities] if options.modalities else []
    yield command(
        f"{RECIPE}.evaluate", "--config", options.config or f"egs/{corpus}/conf/recognition.yaml", "--folder",
        options.exp / "run", "--leaky", options.leaky, "--workers", options.workers, *more,
    )  # fmt: skip


def results(corpus: str, settings: dict[str, Any], options: argparse.Namespace) -> Iterator[Command]:
    """Write RESULTS.md and report.html."""
    output = options.results or options.exp / "RESULTS.md"
    yield command(
        f"{RECIPE}.recognition_results", output, "--folder", options.exp / "run", "--title", settings["title"],
        "--command", f"egs/{corpus}/run.sh", "--report", output.parent / "report.html",
    )  # fmt: skip
