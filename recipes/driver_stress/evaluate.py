"""Every system on every fold: `python -m recipes.driver_stress.evaluate --config egs/drivedb/conf/evaluate.yaml ...`.

A fold that is done is not done again, so a killed evaluation resumes where it stood.
"""

import sys
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from avse.drives.drive import LEVELS, Drive, load_drives
from avse.models.driver_stress import DriverStress
from avse.training.run import Run
from avse.training.settings import FREE
from avse.workers import in_parallel
from recipes.classifiers import BASELINES, classify, majority
from recipes.driver_predictions import Predictions, save_predictions
from recipes.driver_stress.config import AugmentConfig, NetworkConfig, TrainConfig
from recipes.driver_stress.disturb import disturbed
from recipes.driver_stress.ensemble import Ensemble
from recipes.driver_stress.features import window_features
from recipes.driver_stress.infer import probabilities, windows_for
from recipes.driver_stress.network import trained
from recipes.driver_stress.protocol import LEAKY_WARNING, Fold, driver_folds, leaky_folds
from recipes.driver_stress.windows import UNKNOWN, WindowedDrive, calibrated, with_modalities
from recipes.training import program

FUSED = "CNN-LSTM"
"""The network with all modalities."""
COMMITTEE = "CNN-LSTM committee"
"""The mean of several of them."""
WITHOUT = "without "
"""Before the name of the modality that a network lacks."""


@dataclass(frozen=True)
class EvaluateConfig:
    """An evaluation."""

    folder: Path
    """Where trainings and predictions go."""
    drives: Path
    """Folder of drives, from the preparation."""
    modalities: tuple[str, ...] = ()
    """Those to use; all by default."""
    window_s: int = 30
    """Of the main comparison."""
    other_windows_s: tuple[int, ...] = (5, 10, 60)
    """Lengths that are compared with it."""
    n_folds: int | None = None
    """Groups of drivers that are tested in turn; one for each driver by default."""
    n_inner_folds: int = 3
    """The same among training drivers, to fit the ensemble with people that its classifiers have not seen."""
    development: tuple[str, ...] = ()
    """Drivers that were used when settings were chosen; results are also given without them."""
    calibration_s: int = 300
    """Rest at the start of a drive that the second protocol takes as the driver's own zero; 0 leaves it out."""
    leaky: bool = False
    """Also the split by windows at random, with a warning: to show the gap."""
    n_committee: int = 3
    """Networks that differ by their seed alone, and whose mean is taken in the main comparison; 1 for none."""
    ablations: bool = False
    """Also the network without each modality in turn, trained again."""
    robustness: bool = True
    """Also with modalities taken away or noised."""
    context_s: int = 300
    """How far back classifiers look."""
    n_sequences: int = 320
    """Sequences an epoch."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Of the training sequences."""
    n_epochs: int = 15
    """Of each training."""
    seed: int = 1
    """Of everything."""
    workers: int = 2
    """Processes."""


@dataclass(frozen=True)
class Job:
    """One fold of one protocol with one length of windows."""

    protocol: str
    window_s: int
    number: int
    whole: bool
    """Everything, or only what is compared across lengths and protocols."""


def evaluate_fold(job: Job, *, config: EvaluateConfig) -> None:
    """Train and apply every system, and store their predictions."""
    torch.set_num_threads(1)
    fold = folds_of(job, config)[job.number]
    run = config.folder / "runs" / job.protocol / str(job.window_s) / f"{job.number:02d}"
    common = TrainConfig(
        folder=run,
        drives=config.drives,
        window_s=job.window_s,
        context_s=config.context_s,
        n_sequences=config.n_sequences,
        network=config.network,
        augment=config.augment,
        calibration_s=config.calibration_s if job.protocol == "calibrated" else 0,
    )
    loop = replace(
        common.loop, n_epochs=config.n_epochs, validate_every_epochs=config.n_epochs, seed=config.seed + job.number
    )
    common = replace(common, loop=loop)
    systems = _by_hand(fold, job, config)
    networks = {FUSED: trained(fold.train, folder=run / "all", config=common, levels=fold.train_levels)}
    ensemble, committee = None, []
    if job.whole:
        for number in range(1, config.n_committee):
            other = replace(common, loop=replace(loop, seed=loop.seed + 1000 * number))
            committee.append(trained(fold.train, folder=run / f"all-{number}", config=other))
        ensemble = Ensemble.train(fold.train, folder=run, config=common, n_inner_folds=config.n_inner_folds)
        networks |= ensemble.members
        if config.ablations:
            networks |= _without_each(fold, run, common)
    predictions = []
    for number, drive in enumerate(fold.test):
        tested = _tested(drive, fold.test_seconds[number], job.window_s)
        predicted = {name: each[number] for name, each in systems.items()}
        windows = windows_for(networks[FUSED], drive)
        predicted |= {name: probabilities(network, windows) for name, network in networks.items()}
        if committee:
            also = [probabilities(network, windows) for network in committee]
            predicted[COMMITTEE] = np.mean([predicted[FUSED], *also], axis=0)
        conditions = {}
        if ensemble is not None:
            predicted |= ensemble.decisions(windows)
            if config.robustness:
                rng = np.random.default_rng([config.seed, job.number, number])
                for name, worse in disturbed(windows, networks[FUSED], rng):
                    conditions[f"{FUSED}|{name}"] = probabilities(networks[FUSED], worse)
                    conditions |= {f"{kind}|{name}": p for kind, p in ensemble.decisions(worse).items()}
        predictions.append(Predictions(drive.id, drive.driver, job.window_s, tested, predicted, conditions))
    save_predictions(predictions_path(job, config), predictions)


def predictions_path(job: Job, config: EvaluateConfig) -> Path:
    """Where the predictions of a fold lie."""
    return config.folder / "predictions" / job.protocol / str(job.window_s) / f"{job.number:02d}.safetensors"


def folds_of(job: Job, config: EvaluateConfig) -> list[Fold]:
    """The folds of a job's protocol."""
    drives = [drive for drive in with_modalities(load_drives(config.drives), config.modalities) if drive.segments]
    if job.protocol == "calibrated":
        drives = [calibrated(drive, seconds=config.calibration_s) for drive in drives]
    if job.protocol == "leaky":
        return leaky_folds(drives, n_folds=config.n_folds or 5, window_s=job.window_s, seed=config.seed)
    return driver_folds(drives, n_folds=config.n_folds)


def _without_each(fold: Fold, folder: Path, config: TrainConfig) -> dict[str, DriverStress]:
    """The network without one modality, for each of them."""
    names = list(fold.train[0].signals)
    found = {}
    for name in names:
        rest = with_modalities(fold.train, [other for other in names if other != name])
        found[WITHOUT + name] = trained(rest, folder=folder / f"without-{name}", config=config)
    return found


def _by_hand(fold: Fold, job: Job, config: EvaluateConfig) -> dict[str, list[np.ndarray]]:
    """Probabilities of the classifiers on hand-crafted features, and of the majority baseline, by test drive."""
    read = partial(window_features, window_s=job.window_s, context_s=config.context_s)
    windows = [
        WindowedDrive(drive, window_s=job.window_s, levels=levels).all().levels
        for drive, levels in zip(fold.train, fold.train_levels, strict=True)
    ]
    train = np.concatenate([read(drive) for drive in fold.train]), np.concatenate(windows)
    tests = [read(drive) for drive in fold.test]
    found = {"majority": [majority(train[1], n_test=len(test), n_levels=len(LEVELS)) for test in tests]}
    everything = np.concatenate(tests)
    ends = np.cumsum([len(test) for test in tests])[:-1]
    for name in BASELINES:
        predicted = classify(name, train, everything, n_levels=len(LEVELS), seed=config.seed)
        found[name] = np.split(predicted, ends)
    return found


def _tested(drive: Drive, seconds: np.ndarray | None, window_s: int) -> np.ndarray:
    """The level of each window, unknown where it is not tested."""
    windowed = WindowedDrive(drive, window_s=window_s)
    levels = windowed.all().levels
    if seconds is None:
        return levels
    inside = seconds[: len(levels) * window_s].reshape(len(levels), -1).all(axis=1)
    return np.where(inside, levels, UNKNOWN)


def jobs_of(config: EvaluateConfig) -> list[Job]:
    """All that there is to do."""

    def all_folds(protocol: str, window_s: int, *, whole: bool) -> list[Job]:
        n_folds = len(folds_of(Job(protocol, window_s, 0, whole), config))
        return [Job(protocol, window_s, number, whole) for number in range(n_folds)]

    jobs = all_folds("driver", config.window_s, whole=True)
    for window_s in config.other_windows_s:
        jobs += all_folds("driver", window_s, whole=False)
    if config.calibration_s:
        jobs += all_folds("calibrated", config.window_s, whole=False)
    if config.leaky:
        print(LEAKY_WARNING, file=sys.stderr)
        jobs += all_folds("leaky", config.window_s, whole=False)
    return jobs


def main(config: EvaluateConfig) -> None:
    """Evaluate, or continue evaluating."""
    started = time.monotonic()
    jobs = jobs_of(config)
    left = [job for job in jobs if not predictions_path(job, config).is_file()]
    run = Run(config.folder, config=config, free=(*FREE, "leaky"))
    if left:
        work = partial(evaluate_fold, config=config)
        list(tqdm(in_parallel(work, left, n_workers=config.workers), total=len(left), desc="folds"))
        run.log(event="stopped", folds=len(left), minutes=round((time.monotonic() - started) / 60, 2))
    print(f"{len(left)} of {len(jobs)} folds done now", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(program(main, EvaluateConfig))
