"""Train and test every system: `python -m recipes.recognition.evaluate --folder exp/run --videos DIR`.

A fold that is done is not done again, so a stopped evaluation continues where it stopped.
"""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.recognition import RecognizerConfig
from avse.training.run import Run
from avse.training.settings import FREE
from recipes.recognition.batches import conditions
from recipes.recognition.encoders import SOURCES, read_encoder
from recipes.recognition.examples import LEAKY_WARNING, LabelledRecording, check_examples, read_examples
from recipes.recognition.features import CLEAN, FeatureConfig, Features, read_features
from recipes.recognition.fit import FitConfig
from recipes.recognition.folds import Fold, folds_of
from recipes.recognition.predictions import Predictions, save_predictions
from recipes.recognition.systems import FUSIONS, Training, run_fold
from recipes.training import program

DEFAULT_MODALITIES = {"lips": "lip_cue", "spectrum": "bands"}


@dataclass(frozen=True)
class EvaluateConfig:
    """An evaluation."""

    folder: Path
    """Where features, predictions and the model go."""
    videos: Path
    """Folder of labelled recordings."""
    labels: Path | None = None
    """CSV of labels; `labels.csv` of the folder, or its folders' names, by default."""
    crops: Path | None = None
    """Folder of mouth crops by id; below `folder` by default."""
    features: Path | None = None
    """Folder of features that several evaluations share; below `folder` by default."""
    modalities: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_MODALITIES))
    """Encoder by modality: see `recipes.recognition.encoders`."""
    noise: Path | None = None
    """CSV of noise recordings with the columns file and use (train or test); pink noise without it."""
    snr_db: tuple[float, ...] = ()
    """SNRs of the tests in noise, dB; training then hears noise as well."""
    n_folds: int = 0
    """Groups of groups that are tested in turn; each group by itself by default."""
    n_inner_folds: int = 3
    """The same among training groups, to fit ensembles."""
    leaky: bool = False
    """Divide recordings at random, whoever is in them, with a warning: to show what that hides."""
    tested: str = "test"
    """Split that is tested where the CSV has splits."""
    n_seeds: int = 1
    """Trainings of every network; probabilities are compared seed by seed."""
    dim: int = 48
    """Width of the networks."""
    dropout: float = 0.3
    """Share of the features dropped in training."""
    fit: FitConfig = field(default_factory=FitConfig)
    """Of each network."""
    final: str = "late"
    """Fusion of the model that is trained on everything at the end, for `predict`; empty for none."""
    seed: int = 1
    """Of everything."""
    workers: int = 1
    """Processes that compute features."""


def main(config: EvaluateConfig) -> None:
    """Evaluate, or continue."""
    started = time.monotonic()
    torch.set_num_threads(1)
    rows, names = prepared(config)
    run = Run(config.folder, config=config, free=(*FREE, "leaky", "crops", "features"))
    examples = [row.example for row in rows]
    if config.leaky:
        print(LEAKY_WARNING, file=sys.stderr)
    folds = folds_of(examples, n_folds=config.n_folds, leaky=config.leaky, tested=config.tested, seed=config.seed)
    jobs = [(seed, number, fold) for seed in range(config.n_seeds) for number, fold in enumerate(folds)]
    left = [job for job in jobs if not predictions_path(config, job[0], job[1]).is_file()]
    for seed, number, fold in tqdm(left, desc="folds"):
        save_predictions(
            predictions_path(config, seed, number), evaluate_fold(rows, names, fold, config, seed=config.seed + seed)
        )
    fusion = next((known for known in FUSIONS if known == config.final), None)
    if fusion and not (config.folder / "model.safetensors").is_file():
        trained = [row for row in rows if row.example.split in ("", "train")]
        training = training_of(trained, names, config, seed=config.seed)
        zoo.save(config.folder / "model.safetensors", training.network(fusion, list(training.inputs)))
    run.log(event="stopped", folds=len(left), minutes=round((time.monotonic() - started) / 60, 2))
    print(f"{len(left)} of {len(jobs)} folds done now", file=sys.stderr)


def prepared(config: EvaluateConfig) -> tuple[list[Features], tuple[str, ...]]:
    """Features of all recordings that can be read, and the labels' names in order.

    Raises:
        ConfigError: too little is left to train and test.
    """
    if config.final and config.final not in FUSIONS:
        raise ConfigError(f"final must be one of {', '.join(FUSIONS)} or empty but is {config.final!r}; correct it")
    examples = read_examples(config.videos, labels=config.labels)
    check_examples(examples, leaky=config.leaky)
    features = FeatureConfig(config.modalities, config.noise, config.snr_db if hears(config) else ())
    crops = config.crops or config.folder / "crops"
    rows, failed = read_features(
        examples, features, folder=config.features or config.folder / "features", crops=crops, n_workers=config.workers
    )
    for line in [*failed, *(note for row in rows for note in row.notes)]:
        print(f"recognition: {line}", file=sys.stderr)
    if failed:
        check_examples([row.example for row in rows], leaky=config.leaky)
    _check_modalities(rows, list(config.modalities))
    return rows, tuple(sorted({example.label for example in examples}))


def _check_modalities(rows: list[Features], modalities: list[str]) -> None:
    """Validate that each modality is in some recording; that one lacks it is common, that all do is a mistake."""
    for name in modalities:
        if all(not len(row.by_variant[CLEAN].get(name, ())) for row in rows):
            raise ConfigError(
                f"modality {name} must be in some recordings but is in none of {len(rows)}, as the lines above say; "
                "leave it out of modalities or give other recordings"
            )


def hears(config: EvaluateConfig) -> bool:
    """Whether a modality is read from audio."""
    return "waveform" in {SOURCES.get(name) for name in config.modalities}


def training_of(rows: list[Features], names: tuple[str, ...], config: EvaluateConfig, *, seed: int) -> Training:
    """What the networks of some training rows are made with."""
    inputs = {modality: read_encoder(modality, name).input for modality, name in config.modalities.items()}
    return Training(
        rows,
        label_numbers([row.example for row in rows], names),
        [row.example.group or row.example.id for row in rows],
        RecognizerConfig(inputs, names, dim=config.dim, dropout=config.dropout),
        config.fit,
        seed,
        n_noisy=FeatureConfig.n_noisy if config.snr_db and hears(config) else 0,
        n_inner_folds=config.n_inner_folds,
    )


def label_numbers(examples: list[LabelledRecording], names: tuple[str, ...]) -> np.ndarray:
    """Indices of the examples' labels, `(examples,)`."""
    return np.array([names.index(example.label) for example in examples])


def evaluate_fold(
    rows: list[Features], names: tuple[str, ...], fold: Fold, config: EvaluateConfig, *, seed: int
) -> Predictions:
    """Train on one side of a fold and test on the other."""
    training = training_of([rows[i] for i in fold.train], names, config, seed=seed)
    tests = [rows[i] for i in fold.test]
    some = conditions(config.snr_db if hears(config) else (), list(config.modalities))
    examples = [row.example for row in tests]
    return Predictions(
        names,
        [example.id for example in examples],
        [example.group or example.id for example in examples],
        label_numbers(examples, names),
        run_fold(training, tests, some),
    )


def predictions_path(config: EvaluateConfig, seed: int, number: int) -> Path:
    """Where a fold's predictions lie."""
    return config.folder / "predictions" / f"{seed}" / f"{number:03d}.safetensors"


if __name__ == "__main__":
    sys.exit(program(main, EvaluateConfig))
