"""One training loop for every recipe: steps, validation, checkpoints, the best weights kept.

Through Lightning Fabric the same loop runs on a CPU, on a GPU, or on many started by `torchrun`.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from avse.training.checkpoint import load_checkpoint, save_checkpoint
from avse.training.run import Run
from avse.training.sampler import ResumableBatchSampler


@dataclass(frozen=True)
class LoopConfig:
    """How to train."""

    n_epochs: int = 60
    """Passes over the data."""
    batch_size: int = 16
    """Examples a step, on each device."""
    learning_rate: float = 1e-3
    """Of Adam, at its height: after the warm-up, before the cosine brings it to 0."""
    warmup_steps: int = 200
    """Steps over which the rate rises from 0."""
    clip_norm: float = 5.0
    """Largest norm of the gradient."""
    precision: str = "bf16-mixed"
    """Lightning Fabric's name: 32-true, bf16-mixed, 16-mixed."""
    seed: int = 1
    """Of weights, shuffles, mixtures and dropout."""
    checkpoint_every_steps: int = 100
    """A killed run loses at most this many steps."""
    validate_every_epochs: int = 2
    """Epochs between validations; the last epoch is always validated."""
    n_workers: int = 0
    """Processes that prepare examples beside the training one, on each device."""
    max_minutes: float | None = None
    """Stop for now after this long, with a checkpoint to go on from; None trains to the end."""

    def rate_at(self, step: int, n_steps: int) -> float:
        """Learning rate of a step: linear warm-up, then half a cosine to 0."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, n_steps - self.warmup_steps)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True)
class FitResult:
    """What a call of `fit` did."""

    finished: bool
    """False when the time was up first."""
    best_loss: float
    """Lowest validation loss so far."""
    best_step: int
    wall_s: float
    """Seconds in this call."""
    waiting_share: float
    """Share of those seconds spent waiting for examples."""


def fit(
    model: nn.Module,
    *,
    dataset: Dataset[Any],
    collate: Callable[[list[Any]], Any],
    loss_step: Callable[[nn.Module, Any], Tensor],
    validate: Callable[[nn.Module], dict[str, float]],
    config: LoopConfig,
    run: Run,
) -> FitResult:
    """Train, or go on training, until the last step or the time is up.

    The folder of `run` receives `last.safetensors` (everything needed to go on) and `best.safetensors` (the state
    with the lowest validation loss).

    Args:
        model: to train; its random state at the start must come from `config.seed`.
        dataset: takes (epoch, index) and has a length.
        collate: examples to a batch.
        loss_step: model and batch to a scalar loss.
        validate: model to named numbers, `loss` among them.
        config: how.
        run: folder to write into.
    """
    fabric = Fabric(precision=config.precision)  # type: ignore[arg-type]
    fabric.launch()
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    last = run.folder / "last.safetensors"
    step, progress = 0, {"best_loss": math.inf, "best_step": -1}
    if last.is_file():
        step, progress = load_checkpoint(last, model=model, optimizer=optimizer)
    wrapped, optimizer = fabric.setup(model, optimizer)
    n_examples = len(dataset)  # type: ignore[arg-type]
    steps_per_epoch = max(1, n_examples // (config.batch_size * fabric.world_size))
    n_steps = config.n_epochs * steps_per_epoch
    sampler = ResumableBatchSampler(
        n_examples=n_examples, batch_size=config.batch_size, seed=config.seed,
        first_step=step, last_step=n_steps, rank=fabric.global_rank, n_ranks=fabric.world_size,
    )  # fmt: skip
    # A generator of its own: else each start of the loader draws from the random state that dropout goes on with.
    loader = DataLoader(
        dataset,
        batch_sampler=sampler,
        collate_fn=collate,
        num_workers=config.n_workers,
        generator=torch.Generator(),
    )
    batches = iter(fabric.setup_dataloaders(loader, use_distributed_sampler=False))
    bar = tqdm(total=n_steps, initial=step, unit="step", disable=fabric.global_rank > 0, mininterval=5)
    started = time.monotonic()
    waiting_s, recent_loss = 0.0, 0.0
    out_of_time = False
    while step < n_steps and not out_of_time:
        asked = time.monotonic()
        batch = next(batches)
        waiting_s += time.monotonic() - asked
        for group in optimizer.param_groups:
            group["lr"] = config.rate_at(step, n_steps)
        wrapped.train()
        loss = loss_step(wrapped, batch)
        fabric.backward(loss)
        fabric.clip_gradients(wrapped, optimizer, max_norm=config.clip_norm, error_if_nonfinite=False)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        recent_loss = 0.98 * recent_loss + 0.02 * loss.item() if recent_loss else loss.item()
        bar.update()
        bar.set_postfix(loss=f"{recent_loss:.4f}", refresh=False)
        epoch_ends = step % steps_per_epoch == 0
        if epoch_ends and (step // steps_per_epoch % config.validate_every_epochs == 0 or step == n_steps):
            wrapped.eval()
            values = validate(wrapped)
            minutes = (time.monotonic() - started) / 60
            run.log(step=step, train_loss=recent_loss, minutes=round(minutes, 2), **values)
            if values["loss"] < progress["best_loss"]:
                progress = {"best_loss": values["loss"], "best_step": step}
                _save(fabric, run.folder / "best.safetensors", wrapped, optimizer, step, progress)
        out_of_time = config.max_minutes is not None and time.monotonic() - started > 60 * config.max_minutes
        if step % config.checkpoint_every_steps == 0 or step == n_steps or out_of_time:
            _save(fabric, last, wrapped, optimizer, step, progress)
    bar.close()
    wall_s = time.monotonic() - started
    return FitResult(
        step == n_steps, progress["best_loss"], int(progress["best_step"]), wall_s, waiting_s / max(wall_s, 1e-9)
    )


def _save(fabric: Fabric, path: Path, model: Any, optimizer: Any, step: int, progress: dict[str, Any]) -> None:
    if fabric.global_rank == 0:
        save_checkpoint(path, model=model.module, optimizer=optimizer, step=step, progress=progress)
    fabric.barrier()
