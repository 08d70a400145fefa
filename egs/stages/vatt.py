"""The stages of VATT on talking mouths, from the manifest to RESULTS.md.

Every stage skips what is done; a killed run resumes where it was.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from egs.stages import drives
from egs.stages.command import ROOT, Command, Pipeline, command
from egs.stages.corpus_run import CorpusRun
from egs.stages.options import Parser

STAGES = ("prepare", "shards", "train", "evaluate", "finetune", "variants", "cost", "transfer", "results")
RECIPE = "recipes.vatt"


@dataclass(frozen=True)
class VattRun(CorpusRun):
    """One run of the stages: the corpus, and where everything lies."""

    @property
    def exp(self) -> Path:
        """Folder of all that is made."""
        return Path(self.options.exp)

    @property
    def conf(self) -> Path:
        """Folder of the configurations."""
        return Path("egs", self.corpus, "conf")

    @property
    def config(self) -> Path:
        """Of the training, by any name."""
        return self.options.config or self.conf / "vatt.yaml"

    @property
    def weights(self) -> Path:
        """Of the trained model."""
        return self.exp / self.config.stem / "model.safetensors"

    @property
    def manifest(self) -> Path:
        """Of all recordings."""
        return self.exp / "manifest.jsonl"


def parser_of(corpus: str, settings: dict[str, Any]) -> Parser:
    """The options of these stages."""
    parser = Parser(corpus, "VATT: train it, and score what its features are worth.", STAGES)
    parser.add_argument("--variant-epochs", default="20", metavar="N", help="of each variant (default: %(default)s)")
    parser.add_results()
    parser.add_workers()
    return parser


def pipeline(corpus: str, settings: dict[str, Any], options: argparse.Namespace, *, here: Path) -> Pipeline:
    """The stages for these options."""
    stages = (prepare, shards, train, evaluate, finetune, variants, cost, transfer, results)
    run = VattRun(corpus, settings, options)
    return Pipeline({name: partial(stage, run) for name, stage in zip(STAGES, stages, strict=True)}, os.environ)


def prepare(run: VattRun) -> Iterator[Command]:
    """Write the manifest."""
    yield command(f"egs/{run.settings['videos_of']}/prepare.py", "manifest", run.manifest, made=run.manifest)


def shards(run: VattRun) -> Iterator[Command]:
    """Cut the clips and pack them."""
    cut = ("--mouth", 48, 72, "--fps", 25, "--sample-rate", 16000, "--duration-s", 3)
    yield command(f"{RECIPE}.shards", run.manifest, run.exp / "shards", *cut, "--workers", run.options.workers)


def _train(run: VattRun, folder: Path, *options: object) -> Command:
    given = ("--config", run.config, "--folder", folder, "--shards", run.exp / "shards")
    return command(f"{RECIPE}.train", *given, *options, made=folder / "model.safetensors")


def _score(run: VattRun, folder: Path, *more: object, split: str, n_untrained: int, name: str = "scores") -> Command:
    made = folder / f"{name}.json"
    given = (folder / "model.safetensors", run.exp / "shards", made, "--split", split, "--n-untrained", n_untrained)
    return command(f"{RECIPE}.evaluate", *given, *more, made=made)


def train(run: VattRun) -> Iterator[Command]:
    """Train the model."""
    yield _train(run, run.weights.parent)


def evaluate(run: VattRun) -> Iterator[Command]:
    """Score it on the test: on the speaker of the training, and on those whom it has not seen."""
    folder = run.weights.parent
    yield _score(run, folder, "--recordings", run.manifest, split="test_seen", n_untrained=5)
    yield _score(run, folder, "--each-group", split="test_unseen", n_untrained=5, name="scores_unseen")


def finetune(run: VattRun) -> Iterator[Command]:
    """Finetune to labels, begun with VATT's weights and without."""
    for label in ("colour", "digit"):
        for kind, fresh in (("with", "false"), ("without", "true")):
            folder = run.exp / "finetune" / f"{label}_{kind}"
            yield command(
                f"{RECIPE}.finetune", "--config", run.conf / "finetune.yaml", "--label", label, "--fresh", fresh,
                "--folder", folder, "--shards", run.exp / "shards", "--pretrained", run.weights,
                made=folder / "scores.json",
            )  # fmt: skip


def variants(run: VattRun) -> Iterator[Command]:
    """Train the variants alike, and score them on the validation."""
    for file in sorted((ROOT / run.conf / "variants").glob("*.yaml")):
        folder = run.exp / "variants" / file.stem
        config = file.relative_to(ROOT)
        yield _train(run, folder, "--loop.n_epochs", run.options.variant_epochs, "--config", config)
        yield _score(run, folder, "--recordings", run.manifest, split="valid", n_untrained=0)


def cost(run: VattRun) -> Iterator[Command]:
    """Measure a step of training."""
    yield command(f"{RECIPE}.cost", run.exp / "cost.json", "--config", run.config)


def transfer(run: VattRun) -> Iterator[Command]:
    """Train the other models, begun with VATT's weights and without."""
    conf, crops = run.conf / "transfer", run.exp / "crops"
    find = "recipes.speech_benchmark.find_mouths"
    yield command(find, run.manifest, crops, "--workers", run.options.workers)
    for model in ("avdcnn", "live"):
        lists = ("--config", conf / f"{model}.yaml", "--manifest", run.manifest, "--crops", crops)
        for kind, begun in (("with", ("--pretrained", run.weights)), ("without", ())):
            folder = run.exp / "transfer" / f"{model}_{kind}"
            given = ("--folder", folder, *begun, *lists)
            yield command(f"recipes.{model}.train", *given, made=folder / "model.safetensors")
    yield from drives.prepare(run.settings["drives_of"], run.exp / "drives")
    yield command(
        f"{drives.RECIPE}.transfer", "--config", conf / "driver_stress.yaml", "--drives", run.exp / "drives",
        "--folder", run.exp / "transfer/driver_stress", "--pretrained", run.weights,
    )  # fmt: skip


def results(run: VattRun) -> Iterator[Command]:
    """Draw the features and write RESULTS.md."""
    output = run.options.results or Path("egs", run.corpus, "RESULTS.md")
    figure = output.parent / "figures/features.png"
    yield command(f"{RECIPE}.plot", run.weights, run.exp / "shards", figure, "--split", "valid", "--split", "test_seen")
    yield command(
        f"{RECIPE}.vatt_results", output, "--run", run.weights.parent, "--variants", run.exp / "variants", "--cost",
        run.exp / "cost.json", "--transfer", run.exp / "transfer", "--finetune", run.exp / "finetune", "--figure",
        figure, "--targets", Path("egs", run.corpus, "targets.yaml"), "--command", f"egs/{run.corpus}/run.sh",
    )  # fmt: skip
