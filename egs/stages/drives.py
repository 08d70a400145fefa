"""The stages of driver stress on any drives: prepare, evaluate, results.

Every stage skips what is done; a killed run resumes where it was.
"""

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from egs.stages.command import ROOT, Command, Pipeline, command
from egs.stages.options import Parser

STAGES = ("prepare", "evaluate", "results")
RECIPE = "recipes.driver_stress"


def parser_of(corpus: str, settings: dict[str, Any]) -> Parser:
    """The options of these stages."""
    parser = Parser(corpus, "Driver stress: train and test every system on every fold.", STAGES)
    parser.add_results()
    parser.add_workers()
    parser.add_flag("--leaky", "add the split by windows at random, which is wrong, to show by how much")
    return parser


def pipeline(corpus: str, settings: dict[str, Any], options: argparse.Namespace, *, here: Path) -> Pipeline:
    """The stages for these options."""
    drives = options.exp / "drives"
    return Pipeline(
        {
            "prepare": partial(prepare, corpus, drives, *settings.get("prepare", ())),
            "evaluate": partial(evaluate, corpus, options),
            "results": partial(results, corpus, settings, options),
        },
        os.environ,
    )


def prepare(corpus: str, drives: Path, *options: str) -> Iterator[Command]:
    """Write the drives, unless there are some; `options` are those of the corpus' program."""
    if not list((ROOT / drives).glob("*.safetensors")):
        yield command(f"egs/{corpus}/prepare.py", drives, *options)


def evaluate(corpus: str, options: argparse.Namespace) -> Iterator[Command]:
    """Train and test every fold."""
    yield command(
        f"{RECIPE}.evaluate", "--config", options.config or f"egs/{corpus}/conf/driver_stress.yaml", "--folder",
        options.exp / "evaluation", "--drives", options.exp / "drives", "--leaky", options.leaky, "--workers",
        options.workers,
    )  # fmt: skip


def results(corpus: str, settings: dict[str, Any], options: argparse.Namespace) -> Iterator[Command]:
    """Write RESULTS.md."""
    yield command(
        f"{RECIPE}.stress_results", options.results or f"egs/{corpus}/RESULTS.md",
        "--folder", options.exp / "evaluation",
        "--title", settings["title"], "--note", settings["note"], "--command",
        f"egs/{corpus}/run.sh --leaky {options.leaky}",
    )  # fmt: skip
