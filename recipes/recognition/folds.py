"""Who trains and who is tested."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedKFold

from avse.errors import ConfigError
from recipes.recognition.examples import LabelledRecording

Index = npt.NDArray[np.int64]


class Fold(NamedTuple):
    """One division of the examples."""

    name: str
    train: Index
    test: Index


def folds_of(
    examples: Sequence[LabelledRecording], *, n_folds: int = 0, leaky: bool = False, tested: str = "test", seed: int = 1
) -> list[Fold]:
    """Divide examples: by their split if they have one, else by group, so that no group trains and is tested.

    Args:
        examples: checked by `check_examples`.
        n_folds: groups of groups that are tested in turn; each group by itself by default.
        leaky: divide at random, which is wrong for people: see `examples.LEAKY_WARNING`.
        tested: the split that is tested, `valid` while settings are chosen and `test` once at the end.
        seed: of the random division.

    Raises:
        ConfigError: there are fewer groups than folds, or nothing to test.
    """
    splits = np.array([example.split for example in examples])
    everything = np.arange(len(examples))
    if splits.any():
        train, test = everything[splits == "train"], everything[splits == tested]
        if not len(test):
            raise ConfigError(f"split must be {tested} for some recordings but is for none; correct the column")
        return [_checked(Fold(tested, train, test), examples)]
    labels = [example.label for example in examples]
    groups = np.array([example.group for example in examples])
    n_groups = len(set(groups))
    if leaky:
        pieces = StratifiedKFold(n_folds or 5, shuffle=True, random_state=seed).split(everything, labels)
        return [Fold(f"random {k}", train, test) for k, (train, test) in enumerate(pieces)]
    if n_folds > n_groups or n_folds == 1:
        raise ConfigError(f"folds must be 2 to {n_groups}, the number of groups, but are {n_folds}; correct n_folds")
    splitter = GroupKFold(n_folds) if n_folds else LeaveOneGroupOut()
    folds = [
        Fold("+".join(sorted(set(groups[test]))), train, test)
        for train, test in splitter.split(everything, labels, groups)
    ]
    return [_checked(fold, examples) for fold in folds]


def inner_folds(groups: Sequence[str], *, n_folds: int) -> list[tuple[Index, Index]]:
    """Folds among training examples by group, to fit an ensemble to people whom its members have not seen.

    With fewer than two groups there are none; the ensemble then weighs its members alike.
    """
    n_groups = len(set(groups))
    if n_groups < 2:
        return []
    return list(GroupKFold(min(n_folds, n_groups)).split(np.arange(len(groups)), groups=groups))


def _checked(fold: Fold, examples: Sequence[LabelledRecording]) -> Fold:
    train = {examples[i].group for i in fold.train} - {""}
    if both := train & {examples[i].group for i in fold.test}:
        raise ConfigError(
            f"groups must train or be tested but {', '.join(sorted(both)[:3])} would do both; correct the column split"
        )
    return fold
