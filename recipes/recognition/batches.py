"""Features of many recordings as padded tensors, and what is done to them in training and in tests."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from avse.models.recognition import InputConfig
from recipes.recognition.features import CLEAN, Features, noise_variant

SHARES = (0.25, 0.5, 0.75)
"""Of a modality's frames that a test takes away."""


class Batch(NamedTuple):
    """Recordings side by side."""

    frames: dict[str, Tensor]
    """`(batch, frames, width)` by modality."""
    masks: dict[str, Tensor]
    """`(batch, frames)` bool, True = real; all False where the modality is missing."""

    def at(self, index: Tensor) -> "Batch":
        """Some of the recordings."""
        return Batch({n: f[index] for n, f in self.frames.items()}, {n: m[index] for n, m in self.masks.items()})

    def only(self, names: Sequence[str]) -> "Batch":
        """Some of the modalities."""
        return Batch({n: self.frames[n] for n in names}, {n: self.masks[n] for n in names})

    def without(self, name: str, *, share: float = 1.0, seed: int = 0) -> "Batch":
        """A share of a modality's frames missing, at random moments; all of them by default."""
        mask = self.masks[name]
        if share < 1:
            generator = torch.Generator().manual_seed(seed)
            dropped = torch.rand(mask.shape, generator=generator) < share
            mask = mask & ~dropped
        else:
            mask = torch.zeros_like(mask)
        return self._replace(masks={**self.masks, name: mask})


def to_batch(rows: Sequence[Features], inputs: dict[str, InputConfig], variants: Sequence[str]) -> Batch:
    """Pad recordings, each in its own variant, to the longest."""
    frames, masks = {}, {}
    for name, config in inputs.items():
        found = [row.of(variant, name) for row, variant in zip(rows, variants, strict=True)]
        known = [np.zeros((0, config.width), np.float32) if array is None else array for array in found]
        longest = max(1, *(len(array) for array in known))
        padded = np.zeros((len(rows), longest, config.width), np.float32)
        mask = np.zeros((len(rows), longest), bool)
        for number, array in enumerate(known):
            padded[number, : len(array)], mask[number, : len(array)] = array, True
            if config.network and config.network.repeats_last and len(array):
                padded[number, len(array) :] = array[-1]  # as encoders extend a recording that ends
        frames[name], masks[name] = torch.from_numpy(padded), torch.from_numpy(mask)
    return Batch(frames, masks)


def training_batches(rows: Sequence[Features], inputs: dict[str, InputConfig], *, n_noisy: int) -> list[Batch]:
    """All recordings clean, and in each of their noisy copies; what noise does not change is stored once."""
    clean = to_batch(rows, inputs, [CLEAN] * len(rows))
    batches = [clean]
    for variant in (f"train {k}" for k in range(n_noisy)):
        noise_changes = {n: i for n, i in inputs.items() if any(n in row.by_variant.get(variant, {}) for row in rows)}
        noisy = to_batch(rows, noise_changes, [variant] * len(rows))
        batches.append(Batch(clean.frames | noisy.frames, clean.masks | noisy.masks))
    return batches


def conditions(snr_db: Sequence[float], modalities: Sequence[str]) -> list[str]:
    """Names of the test conditions: clean, each SNR, each modality missing or with a share of its frames missing."""
    found = [CLEAN, *map(noise_variant, snr_db)]
    if len(modalities) > 1:
        found += [f"{name} missing" for name in modalities]
    return found + [f"{name} {share:.0%} missing" for name in modalities for share in SHARES]


def under(condition: str, rows: Sequence[Features], inputs: dict[str, InputConfig], *, seed: int) -> Batch:
    """Recordings under a test condition."""
    name, _, what = condition.partition(" ")
    if what.endswith("missing"):
        share = float(what.split("%")[0]) / 100 if "%" in what else 1.0
        return to_batch(rows, inputs, [CLEAN] * len(rows)).without(name, share=share, seed=seed)
    return to_batch(rows, inputs, [condition] * len(rows))
