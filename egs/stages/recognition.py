"""The stages of recognition on any corpus: prepare, crops, evaluate, results, transfer.

Every stage skips what is done; a stopped run continues where it stopped.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from egs.stages.command import ROOT, Command, Pipeline, command
from egs.stages.corpus_run import CorpusRun
from egs.stages.options import Parser

STAGES = ("prepare", "crops", "evaluate", "results", "transfer")
RECIPE = "recipes.recognition"


@dataclass(frozen=True)
class RecognitionRun(CorpusRun):
    """One run of the stages: the corpus, and where everything lies."""

    @property
    def tables(self) -> list[str]:
        """Names of the labellings."""
        return str(self.options.tables).split()

    @property
    def is_development(self) -> bool:
        """Whether nothing that is marked as test is read."""
        return bool(self.options.development == "true")

    @property
    def lists(self) -> Path:
        """Folder of the labels and of what is evaluated."""
        return Path(self.options.exp) / "development" if self.is_development else Path(self.options.exp)

    @property
    def videos(self) -> Path:
        """Folder that the labels' files start from: the data pack, or that of the labels where they are generated."""
        return self.lists if self.settings.get("generated") else Path(os.environ.get("AVSE_DATA", "data"))

    @property
    def note(self) -> str:
        """What a reader of the results has to know."""
        note = self.settings["note"]
        return str(self.settings.get("development_note", note) if self.is_development else note)


def parser_of(corpus: str, settings: dict[str, Any]) -> Parser:
    """The options of these stages."""
    parser = Parser(corpus, "Recognition: train and test every system on every fold.", STAGES)
    names = " ".join(settings["tables"])
    parser.add_argument("--tables", default=names, metavar='"NAME NAME"', help=f"labellings (default: {names})")
    parser.add_argument("--n-seeds", default="1", metavar="N", help="networks of each kind (default: %(default)s)")
    parser.add_workers()
    parser.add_flag("--development", "read nothing that is marked as test, where the corpus has such a part")
    return parser


def pipeline(corpus: str, settings: dict[str, Any], options: argparse.Namespace, *, here: Path) -> Pipeline:
    """The stages for these options."""
    run = RecognitionRun(corpus, settings, options)
    stages = zip(STAGES, (prepare, crops, evaluate, results, transfer), strict=True)
    return Pipeline({name: partial(stage, run) for name, stage in stages}, os.environ)


def prepare(run: RecognitionRun) -> Iterator[Command]:
    """Write the labels."""
    yield from (_labels(run, table) for table in run.tables)


def _labels(run: RecognitionRun, table: str) -> Command:
    more = ("--development",) if run.is_development else ()
    return command(f"egs/{run.corpus}/prepare.py", table, run.lists, *more, made=run.lists / f"{table}.csv")


def crops(run: RecognitionRun) -> Iterator[Command]:
    """Find the mouths, where there are videos."""
    source = run.settings.get("videos_of")
    if source:
        manifest = run.options.exp / "manifest.jsonl"
        yield command(f"egs/{source}/prepare.py", "manifest", manifest, made=manifest)
        places = (manifest, run.options.exp / "crops")
        yield command("recipes.speech_benchmark.find_mouths", *places, "--workers", run.options.workers)


def evaluate(run: RecognitionRun) -> Iterator[Command]:
    """Train and test every system."""
    exp, config = run.options.exp, run.options.config or f"egs/{run.corpus}/conf/recognition.yaml"
    for table in run.tables:
        noise = run.lists / "noise.csv"
        more = ("--noise", noise, "--crops", exp / "crops") if (ROOT / noise).is_file() else ()
        yield command(
            f"{RECIPE}.evaluate", "--config", config, "--folder", run.lists / table, "--videos",
            run.videos, "--labels", run.lists / f"{table}.csv", "--features", exp / "features",
            "--n_seeds", run.options.n_seeds, "--workers", run.options.workers, *more,
        )  # fmt: skip


def results(run: RecognitionRun) -> Iterator[Command]:
    """Write the results and the page of each labelling."""
    suffix = "_development" if run.is_development else ""
    for table in run.tables:
        name = "RESULTS" if len(run.settings["tables"]) == 1 else f"RESULTS_{table}"
        yield command(
            f"{RECIPE}.recognition_results", f"egs/{run.corpus}/{name}{suffix}.md", "--folder", run.lists / table,
            "--title", run.settings["title"].replace("TABLE", table),
            "--command", f"egs/{run.corpus}/run.sh --development {run.options.development}",
            "--figures", f"figures/{table}{suffix}", "--report", run.lists / table / "report.html", "--note", run.note,
        )  # fmt: skip


def transfer(run: RecognitionRun) -> Iterator[Command]:
    """Compare the encoders of other models, on a corpus that names tables for it."""
    tables = run.settings.get("transfer_tables", [])
    yield from (_labels(run, table) for table in tables)
    if tables:
        listed = ", ".join(str(run.lists / f"{table}.csv") for table in tables)
        yield command(
            f"{RECIPE}.transfer", "--config", f"egs/{run.corpus}/conf/transfer.yaml",
            "--folder", run.lists / "transfer", "--tables", f"[{listed}]",
            "--output", f"egs/{run.corpus}/RESULTS_transfer.md", "--videos", run.videos, "--crops",
            run.options.exp / "crops",
            "--command", f"egs/{run.corpus}/run.sh --stages prepare,crops,transfer",
        )  # fmt: skip
