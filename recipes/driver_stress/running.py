"""All systems with the same causal normalisation: `python -m recipes.driver_stress.running --folder F --drives D`.

Baselines and networks see signals and hand-crafted features relative to the driver's own past; the fused network reads
both side by side. Folds leave one driver out; a fold that is done is not done again.
"""

import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from avse.drives.drive import LEVELS, Drive, load_drives
from avse.errors import ConfigError
from avse.training.run import Run
from avse.types import Features
from recipes.classifiers import CLASSIFIERS, classify, majority
from recipes.driver_predictions import Predictions, save_predictions
from recipes.driver_stress.config import AugmentConfig, NetworkConfig, TrainConfig
from recipes.driver_stress.features import window_features
from recipes.driver_stress.infer import probabilities
from recipes.driver_stress.network import trained
from recipes.driver_stress.normalise import HAND, normalised, normalised_features, with_handcrafted
from recipes.driver_stress.pretrain import PretrainConfig, pretrained_encoders
from recipes.driver_stress.protocol import Fold, driver_folds
from recipes.driver_stress.windows import WindowedDrive, with_modalities
from recipes.training import program

SIGNALS, FEATURES, BOTH, PRETRAINED = (
    "CNN-LSTM, signals",
    "LSTM, hand-crafted features",
    "CNN-LSTM, signals and features",
    "CNN-LSTM, both, pre-trained",
)
COMMITTEE = ", mean of seeds"


@dataclass(frozen=True)
class RunningConfig:
    """An evaluation."""

    folder: Path
    """Where trainings and predictions go."""
    drives: Path
    """Folder of drives, from the preparation."""
    tested: tuple[str, ...] = ()
    """Drivers to test, each by systems trained without it; all by default."""
    without: tuple[str, ...] = ()
    """Drivers that neither train nor are tested: those of the final test, while settings are chosen."""
    systems: tuple[str, ...] = (SIGNALS, FEATURES, BOTH)
    """Networks to train."""
    window_s: int = 30
    """Seconds for which there is one answer."""
    context_s: int = 300
    """How far back classifiers look."""
    n_seeds: int = 3
    """Trainings of every network."""
    n_sequences: int = 320
    """Sequences an epoch."""
    n_epochs: int = 15
    """Of each training."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Of the training sequences."""
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    """Self-supervised training before, for the system that has it."""
    seed: int = 1
    """Of everything."""


def main(config: RunningConfig) -> None:
    """Evaluate, or continue."""
    torch.set_num_threads(1)
    started = time.monotonic()
    unknown = set(config.systems) - {SIGNALS, FEATURES, BOTH, PRETRAINED}
    if unknown:
        raise ConfigError(f"systems must be of {SIGNALS}; {FEATURES}; {BOTH}; {PRETRAINED} but one is {min(unknown)!r}")
    raw = [d for d in load_drives(config.drives) if d.segments and d.driver not in config.without]
    folds = [fold for fold in driver_folds(raw) if not config.tested or fold.name in config.tested]
    run = Run(config.folder, config=config)
    prepared = {
        drive.id: with_handcrafted(normalised(drive), drive, window_s=config.window_s, context_s=config.context_s)
        for drive in raw
    }
    left = [fold for fold in folds if not _path(config, fold).is_file()]
    for fold in tqdm(left, desc="drivers"):
        save_predictions(_path(config, fold), _fold(fold, prepared, config))
    run.log(event="stopped", folds=len(left), minutes=round((time.monotonic() - started) / 60, 2))


def _path(config: RunningConfig, fold: Fold) -> Path:
    return config.folder / "predictions" / f"{fold.name}.safetensors"


def _fold(fold: Fold, prepared: dict[str, Drive], config: RunningConfig) -> list[Predictions]:
    """Train and apply every system of one fold."""
    systems = _classifiers(fold, config)
    train, tests = ([prepared[drive.id] for drive in some] for some in (fold.train, fold.test))
    signals = [name for name in train[0].signals if name != HAND]
    chosen = {SIGNALS: signals, FEATURES: [HAND], BOTH: [*signals, HAND], PRETRAINED: [*signals, HAND]}
    for title in config.systems:
        names = chosen[title]
        some = with_modalities(train, names)
        tested = [WindowedDrive(d, window_s=config.window_s).all() for d in with_modalities(tests, names)]
        predicted = []
        for number in range(config.n_seeds):
            settings = _train_config(config, fold, title, number)
            encoders = pretrained_encoders(some, settings, config.pretrain) if title == PRETRAINED else None
            model = trained(some, folder=settings.folder, config=settings, encoders=encoders)
            predicted.append([probabilities(model, windows) for windows in tested])
        for index, each in enumerate(predicted):
            systems[f"{title}, seed {index}"] = each
        systems[title + COMMITTEE] = [np.mean(each, axis=0) for each in zip(*predicted, strict=True)]
    found = []
    for number, drive in enumerate(tests):
        levels = WindowedDrive(drive, window_s=config.window_s).all().levels
        of_drive = {name: each[number] for name, each in systems.items()}
        found.append(Predictions(drive.id, drive.driver, config.window_s, levels, of_drive, {}))
    return found


def _classifiers(fold: Fold, config: RunningConfig) -> dict[str, list[np.ndarray]]:
    """Probabilities of the majority and of classifiers on features, as they are and normalised, by test drive."""

    def read(drive: Drive) -> Features:
        return window_features(drive, window_s=config.window_s, context_s=config.context_s)

    def levels(drive: Drive) -> np.ndarray:
        return WindowedDrive(drive, window_s=config.window_s).all().levels

    known = np.concatenate([levels(drive) for drive in fold.train])
    plain = {drive.id: read(drive) for drive in (*fold.train, *fold.test)}
    relative = {name: normalised_features(rows, step_s=config.window_s) for name, rows in plain.items()}
    found = {"majority": [majority(known, n_test=len(plain[d.id]), n_levels=len(LEVELS)) for d in fold.test]}
    for suffix, rows in (("", plain), (", normalised", relative)):
        train = np.concatenate([rows[drive.id] for drive in fold.train]), known
        for name in CLASSIFIERS:
            found[name + suffix] = [
                classify(name, train, rows[d.id], n_levels=len(LEVELS), seed=config.seed) for d in fold.test
            ]
    return found


def _train_config(config: RunningConfig, fold: Fold, title: str, number: int) -> TrainConfig:
    folder = config.folder / "runs" / fold.name / title.replace(", ", "-").replace(" ", "_") / str(number)
    common = TrainConfig(
        folder=folder, drives=config.drives, window_s=config.window_s, context_s=config.context_s,
        n_sequences=config.n_sequences, network=config.network, augment=config.augment,
    )  # fmt: skip
    loop = replace(
        common.loop, n_epochs=config.n_epochs, validate_every_epochs=config.n_epochs, seed=config.seed + 1000 * number
    )
    return replace(common, loop=loop)


if __name__ == "__main__":
    sys.exit(program(main, RunningConfig))
