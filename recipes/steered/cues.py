"""Mixtures with a speech cue as lips would give it."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.augment import bernoulli
from avse.data.cue_errors import CueErrorConfig, SpoiledCue, spoil
from avse.data.voices import VoiceDataset
from avse.signal.speech_cue import speech_cue


class CuedExample(NamedTuple):
    """One mixture, or a batch of them with a first axis more."""

    noisy: Tensor
    """`(samples,)`."""
    clean: Tensor
    """`(samples,)`."""
    cue: Tensor
    """`(video frames, CUE_DIM)` in [0, 1]."""
    present: Tensor
    """`(video frames,)` 1 where there is a cue, else 0."""


class CuedDataset(Dataset[CuedExample]):
    """Mixtures, each with a spoiled cue: mostly of the target, now and then of a voice that is not in the audio."""

    def __init__(
        self, mixtures: VoiceDataset, *, errors: CueErrorConfig, wrong_probability: float, n_examples: int | None = None
    ) -> None:
        """Set up.

        Args:
            mixtures: audio.
            errors: how cues are spoiled.
            wrong_probability: chance of a cue of another voice.
            n_examples: in an epoch; as many as there are mixtures by default.
        """
        self.mixtures, self.errors, self.wrong_probability = mixtures, errors, wrong_probability
        self.n_examples = n_examples or len(mixtures)

    def __len__(self) -> int:
        return self.n_examples

    def __getitem__(self, key: tuple[int, int]) -> CuedExample:
        """Mix one example; `key` is epoch and index."""
        epoch, index = key
        example = self.mixtures[key]
        rng = np.random.default_rng([self.mixtures.seed, epoch, index, 1])
        sample_rate = self.mixtures.sample_rate
        wrong = bernoulli(self.wrong_probability, rng)
        # Another example of the epoch holds another voice of the same length.
        shown = self.mixtures[epoch, int(rng.integers(len(self.mixtures)))] if wrong else example
        spoiled: SpoiledCue = spoil(
            speech_cue(shown.clean.numpy(), sample_rate=sample_rate), config=self.errors, rng=rng
        )
        return CuedExample(
            example.noisy,
            example.clean,
            torch.from_numpy(spoiled.cue),
            torch.from_numpy(spoiled.present.astype(np.float32)),
        )


def collate(examples: list[CuedExample]) -> CuedExample:
    """Stack examples into a batch."""
    return CuedExample(*(torch.stack(field) for field in zip(*examples, strict=True)))
