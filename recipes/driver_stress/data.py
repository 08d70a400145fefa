"""Training sequences: windows that follow each other, from a second drawn at random."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.drives.drive import Drive
from avse.signal.decibel import amplitude_ratio
from recipes.driver_stress.config import AugmentConfig, TrainConfig
from recipes.driver_stress.windows import Levels, WindowedDrive, statistics


class Sequences(NamedTuple):
    """One training sequence, or a batch of them with a first axis more."""

    values: dict[str, Tensor]
    """`(steps, channels, time)` by modality."""
    masks: dict[str, Tensor]
    """The same shapes, bool."""
    levels: Tensor
    """`(steps,)`, -1 where none is known."""


class SequenceDataset(Dataset[Sequences]):
    """Sequences of a set of drives; each depends on the seed, the epoch and its number alone."""

    def __init__(
        self, drives: Sequence[Drive], *, config: TrainConfig, levels: Sequence[Levels | None] | None = None
    ) -> None:
        """Set up.

        Args:
            drives: of the training drivers.
            config: of the run.
            levels: of each drive, `(seconds,)`, where they are not to be those of its segments.
        """
        self.config = config
        self.statistics = statistics(drives)
        known = levels or [None] * len(drives)
        self.drives = [
            WindowedDrive(drive, window_s=config.window_s, levels=level)
            for drive, level in zip(drives, known, strict=True)
        ]
        longest = max(1, config.context_s // config.window_s)
        self.n_steps = min(longest, *(drive.n_windows for drive in self.drives))

    def __len__(self) -> int:
        return self.config.n_sequences

    def __getitem__(self, key: tuple[int, int]) -> Sequences:
        """Cut one sequence; `key` is epoch and index."""
        rng = np.random.default_rng([self.config.loop.seed, *key])
        drive = self.drives[rng.integers(len(self.drives))]
        last_s = drive.n_seconds - self.n_steps * drive.window_s
        windows = drive.cut(int(rng.integers(last_s + 1)), self.n_steps)
        augment = self.config.augment
        missing = self._missing(list(windows.values), augment, rng)
        values, masks = {}, {}
        for name, array in windows.values.items():
            mean, std = (statistic[:, None] for statistic in self.statistics[name])
            gain = amplitude_ratio(rng.normal(0, augment.gain_db, mean.shape))
            offset = augment.offset * std * rng.standard_normal(mean.shape)
            # Around the mean: the heart's distance from usual is what may be larger, not its rate as such.
            values[name] = torch.from_numpy(((array - mean) * gain + mean + offset).astype(np.float32))
            masks[name] = torch.from_numpy(windows.masks[name] & (name not in missing))
        return Sequences(values, masks, torch.from_numpy(windows.levels))

    def class_weights(self, n_levels: int) -> Tensor:
        """Weights that make every level count the same, `(levels,)`, 1 on average over the data."""
        counts = np.bincount(
            np.concatenate([d.levels[d.levels >= 0] for d in self.drives]), minlength=n_levels
        )  # fmt: skip
        weights = counts.sum() / (n_levels * np.maximum(counts, 1))
        return torch.from_numpy(weights.astype(np.float32))

    @staticmethod
    def _missing(names: list[str], augment: AugmentConfig, rng: np.random.Generator) -> list[str]:
        missing = [name for name in names if rng.random() < augment.modality_dropout]
        if len(missing) == len(names):
            missing.pop(int(rng.integers(len(names))))
        return missing


def collate(sequences: list[Sequences]) -> Sequences:
    """Stack sequences into a batch."""
    first = sequences[0]
    return Sequences(
        {name: torch.stack([s.values[name] for s in sequences]) for name in first.values},
        {name: torch.stack([s.masks[name] for s in sequences]) for name in first.masks},
        torch.stack([s.levels for s in sequences]),
    )
