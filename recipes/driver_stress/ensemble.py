"""One classifier for each modality, and their decisions put together in four ways."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from avse.drives.drive import Drive
from avse.models.driver_stress import DriverStress
from avse.models.voting import Stacking, hard_vote, soft_vote
from recipes.classification import confusion
from recipes.driver_stress.config import TrainConfig
from recipes.driver_stress.infer import probabilities
from recipes.driver_stress.network import trained
from recipes.driver_stress.protocol import driver_folds
from recipes.driver_stress.windows import WindowedDrive, Windows, with_modalities


@dataclass(frozen=True)
class Ensemble:
    """Trained classifiers, and what was learned of them from drivers that they had not seen."""

    members: dict[str, DriverStress]
    """By modality."""
    weights: tuple[float, ...]
    """Of each: its balanced accuracy above chance."""
    stacking: Stacking

    @classmethod
    def train(cls, drives: list[Drive], *, folder: Path, config: TrainConfig, n_inner_folds: int) -> "Ensemble":
        """Train a network for each modality, and the weights and the judge from folds among the training drivers.

        Args:
            drives: of the training drivers.
            folder: where the networks go.
            config: of each training.
            n_inner_folds: groups of training drivers that are skipped in turn.
        """
        names = list(drives[0].signals)
        alone = replace(config, augment=replace(config.augment, modality_dropout=0.0))
        members, predictions, there, levels = {}, [], [], np.zeros(0, int)
        for name in names:
            members[name] = trained(with_modalities(drives, [name]), folder=folder / name, config=alone)
            held_out: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
            for number, fold in enumerate(driver_folds(drives, n_folds=n_inner_folds)):
                place = folder / f"{name}-{number}"
                network = trained(with_modalities(fold.train, [name]), folder=place, config=alone)
                for drive in fold.test:
                    windows = WindowedDrive(drive, window_s=config.window_s).all()
                    held_out.append((probabilities(network, windows), presence(windows, name), windows.levels))
            predictions.append(np.concatenate([row[0] for row in held_out]))
            there.append(np.concatenate([row[1] for row in held_out]))
            levels = np.concatenate([row[2] for row in held_out])
        known = levels >= 0
        stacked, present = np.stack(predictions)[:, known], np.stack(there)[:, known]
        weights = tuple(_above_chance(p, levels[known]) for p in stacked)
        return cls(members, weights, Stacking().fit(stacked, present, levels[known]))

    def decisions(self, windows: Windows) -> dict[str, np.ndarray]:
        """What each way of putting the decisions together gives, `(windows, levels)` by name."""
        stacked = np.stack([probabilities(model, windows) for model in self.members.values()])
        present = np.stack([presence(windows, name) for name in self.members])
        return {
            "hard vote": hard_vote(stacked, present),
            "soft vote": soft_vote(stacked, present),
            "weighted vote": soft_vote(stacked, present, self.weights),
            "stacking": self.stacking(stacked, present),
        }


def presence(windows: Windows, name: str) -> np.ndarray:
    """Where a modality has anything to go by, `(windows,)`."""
    return np.asarray(windows.masks[name].any(axis=(1, 2)))


def _above_chance(stacked: np.ndarray, levels: np.ndarray) -> float:
    counts = confusion(reference=levels, estimate=stacked.argmax(axis=1), n_classes=stacked.shape[1])
    recalls = counts.diagonal() / np.maximum(counts.sum(axis=1), 1)
    return float(max(1e-3, recalls.mean() - 1 / stacked.shape[1]))
