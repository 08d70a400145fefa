"""The stages of a model that enhances speech, on any corpus: check, prepare, crops, train, enhance, score, results.

Every stage skips what is done; a killed run resumes where it was.
"""

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from egs.stages import experiment, own_data
from egs.stages.command import ROOT, Command, Pipeline, StageError, command
from egs.stages.options import Parser
from egs.stages.speech_results import results
from egs.stages.speech_run import BENCHMARK, RECIPES, TITLES, SpeechRun

STAGES = ("check", "prepare", "crops", "train", "enhance", "score", "results")


def parser_of(corpus: str, settings: dict[str, Any]) -> Parser:
    """The options of these stages."""
    text = "The stages of a model that enhances speech: train it on the corpus, and score it on the fixed mixtures."
    parser = Parser(corpus, text, STAGES)
    parser.add_argument("--model", default="avdcnn", metavar="|".join(TITLES), help="a recipe (default: %(default)s)")
    parser.add_argument("--conf", nargs="+", default=[], metavar="FILE", help=(
        "make an experiment of several configurations of the model: each is trained, enhances and is scored beside the "
        f"noisy input and what needs no training, and egs/{corpus}/experiment/RESULTS.md compares them"
    ))  # fmt: skip
    parser.add_results()
    parser.add_workers()
    own_data.add_options(parser, settings)
    return parser


def pipeline(corpus: str, settings: dict[str, Any], options: argparse.Namespace, *, here: Path) -> Pipeline:
    """The stages for these options.

    Args:
        corpus: its folder under `egs`.
        settings: of its `corpus.toml`.
        options: of the command line.
        here: the folder that paths of the user's own data start from.

    Raises:
        StageError: there is no such recipe or configuration.
    """
    environment = dict(os.environ)
    if "data" in settings:
        environment["AVSE_DATA"] = environment.get(settings["data_variable"], settings["data"])
    run = SpeechRun(corpus, settings, options, environment, script=f"egs/{corpus}/prepare.py", exp=options.exp)
    if "own_data" in settings:
        run = own_data.with_own_data(run, here=here)
    if run.model not in RECIPES:
        raise StageError(f"model must be one of {', '.join(RECIPES)} but is {run.model}; name a folder of recipes")
    later = experiment.stages(options.conf) if options.conf else [train, enhance, score, results]
    stages = [check, prepare, crops, *later]
    return Pipeline({name: partial(stage, run) for name, stage in zip(STAGES, stages, strict=True)}, run.environment)


def check(run: SpeechRun) -> Iterator[Command]:
    """Look for the corpus' files."""
    yield command(run.script, "check")


def prepare(run: SpeechRun) -> Iterator[Command]:
    """Write the manifest and the lists of mixtures."""
    exp, settings = run.exp, run.settings
    yield command(run.script, "manifest", run.manifest, made=run.manifest)
    quiet = exp / "quiet.jsonl"
    yield command(f"{BENCHMARK}.quiet_mixtures", run.mixtures, quiet, made=quiet)
    if run.has_long_videos:
        talkers, videos = exp / "talkers", exp / "long.jsonl"
        listed = talkers / "manifest.jsonl"
        more = settings.get("talker_options", [])
        yield command(f"{BENCHMARK}.talkers", talkers, exp / "crops", *more, made=listed)
        more = settings.get("long_options", [])
        yield command(f"{BENCHMARK}.long_list", run.manifest, videos, "--talkers", listed, *more, made=videos)


def crops(run: SpeechRun) -> Iterator[Command]:
    """Find the mouth in every video."""
    yield command(f"{BENCHMARK}.find_mouths", run.manifest, run.exp / "crops", "--workers", run.options.workers)


def train(run: SpeechRun) -> Iterator[Command]:
    """Train the model."""
    yield command(
        f"recipes.{run.model}.train", "--config", run.config, "--folder", run.folder, "--manifest", run.manifest,
        "--crops", run.exp / "crops",
    )  # fmt: skip


def _only(condition: str) -> tuple[str, ...]:
    return ("--only", "same_speaker") if condition == "rival" else ()


def enhance(run: SpeechRun) -> Iterator[Command]:
    """Enhance the fixed mixtures, in every condition of the video."""
    program = f"{BENCHMARK}.enhance"
    common = ("--model", run.folder / "model.safetensors", "--manifest", run.manifest, "--crops", run.exp / "crops",
              "--workers", run.options.workers)  # fmt: skip
    for condition in run.conditions:
        given = ("--mixtures", run.mixtures, "--condition", condition, *_only(condition))
        yield command(program, *common, *given, "--folder", run.folder / f"enhanced_{condition}")
    if run.is_causal:
        given = ("--mixtures", run.exp / "quiet.jsonl")
        yield command(program, *common, *given, "--folder", run.folder / "enhanced_quiet")


def score(run: SpeechRun) -> Iterator[Command]:
    """Score what was enhanced, and the noisy input."""
    program = f"{BENCHMARK}.score_mixtures"
    common = ("--manifest", run.manifest, "--workers", run.options.workers)
    yield command(program, *common, "--mixtures", run.mixtures, run.exp / "scores_noisy.jsonl")
    for condition in run.conditions:
        given = ("--enhanced", run.folder / f"enhanced_{condition}", run.folder / f"scores_{condition}.jsonl")
        yield command(program, *common, "--mixtures", run.mixtures, *given, *_only(condition))
    quiet = ("--mixtures", run.exp / "quiet.jsonl")
    if (ROOT / run.folder / "enhanced_quiet").is_dir():
        yield command(program, *common, *quiet, run.exp / "scores_quiet.jsonl")
        given = ("--enhanced", run.folder / "enhanced_quiet", run.folder / "scores_quiet.jsonl")
        yield command(program, *common, *quiet, *given)
    if run.has_long_videos:
        yield from _score_long_videos(run)


def _score_long_videos(run: SpeechRun) -> Iterator[Command]:
    """Enhanced and scored in one run: what is enhanced would be gigabytes."""
    program = f"{BENCHMARK}.long_scores"
    lists = ("--manifest", run.manifest, "--manifest", run.exp / "talkers/manifest.jsonl")
    more = ("--crops", run.exp / "crops", "--workers", run.options.workers)
    common = ("--videos", run.exp / "long.jsonl", *lists, *more)
    yield command(program, run.exp, *common)
    yield command(program, run.folder, *common, "--model", run.folder / "model.safetensors")
