"""Who trains and who is tested."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from avse.drives.drive import Drive
from avse.errors import ConfigError
from recipes.driver_stress.windows import UNKNOWN, Levels, WindowedDrive

LEAKY_WARNING = (
    "leaky split: windows of one drive are in training and test both, so the network is tested on people, minutes and "
    "sensors that it has memorised; the scores say nothing about a new driver and stand here to show the gap"
)


class Fold(NamedTuple):
    """One division of the drives."""

    name: str
    train: list[Drive]
    test: list[Drive]
    train_levels: list[Levels | None]
    """Of each training drive, `(seconds,)`, where they are not all that its segments say."""
    test_seconds: list[np.ndarray | None]
    """Of each test drive, which seconds are tested; None for all."""


def driver_folds(drives: Sequence[Drive], *, n_folds: int | None = None) -> list[Fold]:
    """Folds by driver: nobody is in training and test both.

    Args:
        drives: with known levels.
        n_folds: groups of drivers that are tested in turn; one for each driver by default.

    Raises:
        ConfigError: there are fewer drivers than folds, or one alone.
    """
    drivers = sorted({drive.driver for drive in drives})
    n_folds = n_folds or len(drivers)
    if not 2 <= n_folds <= len(drivers):
        raise ConfigError(f"folds must be 2 to {len(drivers)}, the number of drivers, but are {n_folds}; correct it")
    folds = []
    for number in range(n_folds):
        tested = drivers[number::n_folds]
        train = [drive for drive in drives if drive.driver not in tested]
        test = [drive for drive in drives if drive.driver in tested]
        folds.append(_checked(Fold("+".join(tested), train, test, [None] * len(train), [None] * len(test))))
    return folds


def leaky_folds(drives: Sequence[Drive], *, n_folds: int, window_s: int, seed: int) -> list[Fold]:
    """Folds by window, at random, as some papers have them: only to show what such a split hides."""
    rng = np.random.default_rng(seed)
    windowed = [WindowedDrive(drive, window_s=window_s) for drive in drives]
    places = [rng.permutation(w.n_windows) % n_folds for w in windowed]
    folds = []
    for number in range(n_folds):
        levels: list[Levels | None] = []
        tested: list[np.ndarray | None] = []
        for drive, place in zip(windowed, places, strict=True):
            inside = np.repeat(place == number, window_s)
            inside = np.concatenate([inside, np.ones(drive.n_seconds - len(inside), bool)])
            levels.append(np.where(inside, UNKNOWN, drive.levels))
            tested.append(inside)
        folds.append(Fold(f"windows {number}", list(drives), list(drives), levels, tested))
    return folds


def _checked(fold: Fold) -> Fold:
    both = {drive.driver for drive in fold.train} & {drive.driver for drive in fold.test}
    if both:
        raise ConfigError(f"drivers must train or be tested but {', '.join(sorted(both))} would do both; report this")
    return fold
