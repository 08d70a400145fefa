"""Settings of a training: batches, learning rate, how long, how often is validated."""

import math
from dataclasses import dataclass
from typing import Literal

from avse.errors import ConfigError


@dataclass(frozen=True)
class LoopConfig:
    """How to train."""

    n_epochs: int = 60
    """Passes over the data."""
    batch_size: int = 16
    """Examples a batch, on each device."""
    accumulate_batches: int = 1
    """Batches whose gradients add up to one step, where memory holds no larger ones. A loss that compares the examples
    of a batch still compares those of each batch alone."""
    learning_rate: float = 1e-3
    """Of Adam, at its height: after the warm-up, before the cosine brings it down."""
    final_learning_rate: float = 0.0
    """What the cosine brings it to."""
    schedule: Literal["half-cosine", "quarter-cosine"] = "half-cosine"
    """`half-cosine`, or `quarter-cosine` as VATT has it: slowly at first, and fastest at the end."""
    warmup_steps: int = 200
    """Steps over which the rate rises from 0."""
    clip_norm: float = 5.0
    """Largest norm of the gradient."""
    ema_decay: float | None = None
    """Validate, and keep, a mean of the weights over the steps, in which each step's weights count this much less than
    those of the step after; None for the weights themselves."""
    sharded: bool = False
    """Where there are several processes, each holds a part of the weights, gradients and moments (FSDP), for networks
    that fit no device whole, and writes its own part of a checkpoint; else each holds all (DDP)."""
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "bf16-mixed"
    """Lightning Fabric's name."""
    seed: int = 1
    """Of weights, shuffles, mixtures and dropout."""
    checkpoint_every_steps: int = 100
    """A killed run loses at most this many steps."""
    validate_every_epochs: int = 2
    """Epochs between validations; the last epoch is always validated."""
    n_workers: int = 0
    """Processes that prepare examples beside the training one, on each device."""
    max_minutes: float | None = None
    """Stop for now after this long, with a checkpoint to continue from; None trains to the end."""

    def __post_init__(self) -> None:
        """Validate that the numbers make sense.

        Raises:
            ConfigError: one does not.
        """
        names = ("n_epochs", "batch_size", "accumulate_batches", "checkpoint_every_steps", "validate_every_epochs")
        if small := [name for name in names if getattr(self, name) < 1]:
            raise ConfigError(f"loop.{small[0]} must be 1 or more but is {getattr(self, small[0])}; raise it")
        if self.n_workers < 0 or self.warmup_steps < 0:
            raise ConfigError("loop.n_workers and loop.warmup_steps must be 0 or more but are not; raise them")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise ConfigError(f"loop.ema_decay must be above 0 and below 1 but is {self.ema_decay:g}; correct it")

    def rate_at(self, step: int, n_steps: int) -> float:
        """Learning rate of a step: linear warm-up, then half or a quarter of a cosine down to the final one."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, n_steps - self.warmup_steps)
        left = (
            math.cos(0.5 * math.pi * done)
            if self.schedule == "quarter-cosine"
            else 0.5 * (1 + math.cos(math.pi * done))
        )
        return self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * left
