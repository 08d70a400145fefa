"""Simulated drives: `python egs/simulated_drive/prepare.py FOLDER [--n-drivers 28] [--difficulty 0.5]`."""

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from avse.drives.drive import Drive, as_signal, save_drive
from avse.drives.ecg import find_beats
from avse.drives.heart import heart_series
from avse.drives.simulate import DrivingConfig, simulate_drive
from avse.errors import AvseError, InputError
from avse.workers import in_parallel

HEART_RATE_HZ = 4.0
"""Of the heart's rate and variability, as in drivedb."""


def with_heart(drive: Drive) -> Drive:
    """A drive with the modality `heart` beside its ECG: rate and variability, by the beats that are found in it."""
    ecg = drive.signals["ecg"]
    beats, _ = find_beats(ecg.values[0], rate_hz=ecg.rate_hz)
    series = heart_series(beats, rate_hz=HEART_RATE_HZ, duration_s=ecg.duration_s)
    return replace(drive, beats=beats, signals={"heart": as_signal(series, rate_hz=HEART_RATE_HZ), **drive.signals})


def store(driver: int, *, folder: Path, seed: int, config: DrivingConfig, heart: bool) -> None:
    """Simulate one driver's drive and write it."""
    drive = simulate_drive(seed=seed, driver=driver, config=config)
    drive = with_heart(drive) if heart else drive
    save_drive(folder / f"{drive.id}.safetensors", drive)


def main(argv: list[str] | None = None) -> int:
    """Simulate all drives."""
    defaults = DrivingConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the drives go; those there of the same name are replaced")
    parser.add_argument("--n-drivers", type=int, default=28, help="drivers, each with one drive (default 28)")
    parser.add_argument("--n-stretches", type=int, default=defaults.n_stretches, help="of a drive (default 10)")
    parser.add_argument("--shortest-s", type=float, default=defaults.shortest_s, help="of a stretch (default 150)")
    parser.add_argument("--longest-s", type=float, default=defaults.longest_s, help="of a stretch (default 300)")
    parser.add_argument("--difficulty", type=float, default=defaults.difficulty, help="0 easy to 1 hopeless")
    parser.add_argument("--apart", type=float, default=defaults.apart, help="what heart and hands do each by itself")
    parser.add_argument("--heart", action="store_true", help="also the heart's rate and variability, found in its ECG")
    parser.add_argument("--seed", type=int, default=1, help="of all drivers (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    arguments = parser.parse_args(argv)
    try:
        if arguments.n_drivers < 2:
            raise InputError(f"drivers must be 2 or more, to train and to test, but are {arguments.n_drivers}")
        config = DrivingConfig(
            difficulty=arguments.difficulty,
            apart=arguments.apart,
            n_stretches=arguments.n_stretches,
            shortest_s=arguments.shortest_s,
            longest_s=arguments.longest_s,
        )
        work = partial(store, folder=arguments.folder, seed=arguments.seed, config=config, heart=arguments.heart)
        drivers = range(arguments.n_drivers)
        list(tqdm(in_parallel(work, drivers, n_workers=arguments.workers), total=len(drivers), desc="drives"))
    except AvseError as error:
        print(f"prepare: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
