"""The stages of all systems of driver stress with the same causal normalisation by driver: prepare, evaluate, results.

Every stage skips what is done; a stopped run continues where it stopped.
"""

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from egs.stages.command import Command, Pipeline, Stage, command
from egs.stages.drives import RECIPE, STAGES, prepare
from egs.stages.options import Parser


def parser_of(corpus: str, settings: dict[str, Any]) -> Parser:
    """The options of these stages."""
    parser = Parser(corpus, "Driver stress, normalised by driver.", STAGES)
    parser.add_flag(
        "--development",
        f"drivers {settings['development']} that chose the settings, in place of {settings['final']}",
    )
    return parser


def pipeline(corpus: str, settings: dict[str, Any], options: argparse.Namespace, *, here: Path) -> Pipeline:
    """The stages for these options."""
    source = settings["drives_of"]
    stages: dict[str, Stage] = {
        "prepare": partial(prepare, source, options.exp / "drives"),
        "evaluate": partial(evaluate, settings, options),
        "results": partial(results, corpus, settings, options),
    }
    return Pipeline(stages, os.environ)


def _suffix(options: argparse.Namespace) -> str:
    return "_development" if options.development == "true" else ""


def evaluate(settings: dict[str, Any], options: argparse.Namespace) -> Iterator[Command]:
    """Train and test every fold."""
    tested = settings["development" if _suffix(options) else "final"]
    yield command(
        f"{RECIPE}.running", "--config", options.config or settings["config"], "--folder",
        options.exp / f"normalised{_suffix(options)}", "--drives", options.exp / "drives", "--tested", tested,
    )  # fmt: skip


def results(corpus: str, settings: dict[str, Any], options: argparse.Namespace) -> Iterator[Command]:
    """Write RESULTS_NORMALISED.md."""
    yield command(
        f"{RECIPE}.normalised_results", f"egs/{corpus}/RESULTS_NORMALISED{_suffix(options)}.md", "--folder",
        options.exp / f"normalised{_suffix(options)}", "--title", settings["title"], "--note", settings["note"],
        "--target", settings["target"], "--command", f"egs/{corpus}/normalised.sh --development {options.development}",
    )  # fmt: skip
