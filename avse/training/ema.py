"""The mean of a model's weights over its steps, often better than the last ones (Polyak and Juditsky 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """An exponential moving average of a model's parameters; buffers are the model's own."""

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        """Begin with the weights as they are.

        Args:
            model: whose weights.
            decay: share that the mean keeps of itself at each step.
        """
        self.decay = decay
        self.weights: dict[str, Tensor] = {name: p.detach().clone() for name, p in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module, *, n_steps: int | None = None) -> None:
        """Take in the weights after a step.

        Args:
            model: whose weights.
            n_steps: steps before this one. The decay rises with them, to (1 + n) / (10 + n) at most (as TensorFlow has
                it), or the random weights of the beginning would be part of the mean for long. None: the full decay.
        """
        decay = self.decay if n_steps is None else min(self.decay, (1 + n_steps) / (10 + n_steps))
        for name, parameter in model.named_parameters():
            self.weights[name].lerp_(parameter.detach(), 1 - decay)

    @contextmanager
    def weights_of(self, model: nn.Module) -> Iterator[None]:
        """The model with the mean as its weights; its own come back afterwards."""
        own = {name: p.detach().clone() for name, p in model.named_parameters()}
        self._give(model, self.weights)
        try:
            yield
        finally:
            self._give(model, own)

    @staticmethod
    @torch.no_grad()
    def _give(model: nn.Module, weights: dict[str, Tensor]) -> None:
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
