"""One training loop for every recipe: steps, validation, checkpoints, the best weights kept.

Through Lightning Fabric the same loop runs on a CPU, on a GPU, or on many started by `torchrun`.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from avse.errors import ConfigError
from avse.training.checkpoint import load_checkpoint, save_checkpoint
from avse.training.ema import WeightAverage
from avse.training.loop_config import LoopConfig
from avse.training.parts import PartedCheckpoint
from avse.training.processes import processes, whole
from avse.training.run import Run
from avse.training.sampler import ResumableBatchSampler

log = logging.getLogger("avse")


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
    """Share of those seconds spent waiting for examples, the first ones not counted."""
    first_wait_s: float
    """Seconds until the first examples were there, which the start of the workers takes."""


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
    """Train, or continue training, until the last step or the time is up.

    The folder of `run` receives `last.safetensors` (everything needed to continue) and `best.safetensors` (the state
    with the lowest validation loss).

    Args:
        model: to train; its random state at the start must come from `config.seed`.
        dataset: takes (epoch, index) and has a length; if it has `n_tokens`, of an example, the log tells tokens a
            second.
        collate: examples to a batch.
        loss_step: model and batch to a scalar loss.
        validate: model to named numbers, `loss` among them.
        config: how.
        run: folder to write into.
    """
    return _Trainer(model, loss_step=loss_step, validate=validate, config=config, run=run).train(dataset, collate)


class _Trainer:
    """One call of `fit`: the model on its devices, how far it is, and what it has seen."""

    def __init__(
        self,
        model: nn.Module,
        *,
        loss_step: Callable[[nn.Module, Any], Tensor],
        validate: Callable[[nn.Module], dict[str, float]],
        config: LoopConfig,
        run: Run,
    ) -> None:
        self.loss_step, self.validate, self.config, self.run = loss_step, validate, config, run
        self.fabric = Fabric(precision=config.precision, **processes(sharded=config.sharded))
        self.fabric.launch()
        if self.fabric.device.type == "cpu":
            # With the channels last a step of the live model takes a sixth less time.
            model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.last = run.folder / "last.safetensors"
        self.model = self.fabric.setup_module(model)
        optimizer: Optimizer = torch.optim.Adam(self.model.parameters(), lr=config.learning_rate)
        self.mean = WeightAverage(self.network, decay=config.ema_decay) if config.ema_decay else None
        self.step, self.best = 0, {"best_loss": math.inf, "best_step": -1}
        self.world: dict[str, int] = {}
        self.parts = PartedCheckpoint(
            run.folder, rank=self.fabric.global_rank, n_ranks=self.fabric.world_size, barrier=self.fabric.barrier
        )
        if self.parts.exists() or self.last.is_file():
            load = self.parts.load if self.parts.exists() else partial(load_checkpoint, self.last)
            self.step, progress = load(model=self.network, optimizer=optimizer, mean=self.mean)
            self.best = {name: progress[name] for name in self.best}
            self.world = progress.get("world", {})
            if scaler := progress.get("scaler"):
                self.fabric.strategy.precision.load_state_dict(scaler)
        self.optimizer: Any = self.fabric.setup_optimizers(optimizer)
        self.first_step = self.step
        self.started = time.monotonic()
        self.recent_loss = 0.0

    @property
    def network(self) -> nn.Module:
        """The model itself, without what the processes share it by."""
        module: nn.Module = self.model.module
        return module

    def train(self, dataset: Dataset[Any], collate: Callable[[list[Any]], Any]) -> FitResult:
        config, n_examples = self.config, len(dataset)  # type: ignore[arg-type]
        self.examples_per_step = config.batch_size * config.accumulate_batches * self.fabric.world_size
        self.tokens_per_example: int | None = getattr(dataset, "n_tokens", None)
        self._check_world(n_examples=n_examples, n_processes=self.fabric.world_size)
        steps_per_epoch = max(1, n_examples // self.examples_per_step)
        n_steps = config.n_epochs * steps_per_epoch
        batches = self._batches(dataset, collate, n_steps)
        silent = self.fabric.global_rank > 0 or not log.isEnabledFor(logging.INFO)
        bar = tqdm(total=n_steps, initial=self.step, unit="step", disable=silent, mininterval=5)
        waits_s, out_of_time = [0.0], False
        while self.step < n_steps and not out_of_time:
            loss = 0.0
            for number in range(config.accumulate_batches):
                asked = time.monotonic()
                batch = next(batches)
                waits_s.append(time.monotonic() - asked)
                loss += self._add_gradient(batch, last=number + 1 == config.accumulate_batches)
            self._learn(loss, rate=config.rate_at(self.step, n_steps))
            bar.update()
            bar.set_postfix(loss=f"{self.recent_loss:.4f}", refresh=False)
            epoch, rest = divmod(self.step, steps_per_epoch)
            if rest == 0 and (epoch % config.validate_every_epochs == 0 or self.step == n_steps):
                self._keep_the_best()
            out_of_time = self._is_time_up()
            if self.step % config.checkpoint_every_steps == 0 or self.step == n_steps or out_of_time:
                self._save(self.last)
        bar.close()
        wall_s = max(time.monotonic() - self.started, 1e-9)
        best_loss, best_step = self.best["best_loss"], int(self.best["best_step"])
        first_s, waiting_s = sum(waits_s[:2]), sum(waits_s[2:])
        return FitResult(self.step == n_steps, best_loss, best_step, wall_s, waiting_s / wall_s, first_s)

    def _batches(self, dataset: Dataset[Any], collate: Callable[[list[Any]], Any], n_steps: int) -> Iterator[Any]:
        sampler = ResumableBatchSampler(
            n_examples=len(dataset),  # type: ignore[arg-type]
            batch_size=self.config.batch_size,
            seed=self.config.seed,
            first_step=self.step * self.config.accumulate_batches,
            last_step=n_steps * self.config.accumulate_batches,
            rank=self.fabric.global_rank,
            n_ranks=self.fabric.world_size,
        )
        # A generator of its own: else each start of the loader draws from the random state that dropout continues with.
        loader = DataLoader(
            dataset,
            batch_sampler=sampler,
            collate_fn=collate,
            num_workers=self.config.n_workers,
            generator=torch.Generator(),
            pin_memory=self.fabric.device.type == "cuda",
        )
        return iter(self.fabric.setup_dataloaders(loader, use_distributed_sampler=False))

    def _add_gradient(self, batch: Any, *, last: bool) -> float:
        """Add a batch's share of the gradient; its share of the loss. Processes meet at the last batch of a step."""
        self.model.train()
        with self.fabric.no_backward_sync(self.model, enabled=not last):
            loss = self.loss_step(self.model, batch) / self.config.accumulate_batches
            self.fabric.backward(loss)
        return loss.item()

    def _learn(self, loss: float, *, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.fabric.clip_gradients(self.model, self.optimizer, max_norm=self.config.clip_norm, error_if_nonfinite=False)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.mean:
            self.mean.update(self.network, n_steps=self.step)
        self.step += 1
        self.recent_loss = 0.98 * self.recent_loss + 0.02 * loss if self.recent_loss else loss

    def _keep_the_best(self) -> None:
        self.model.eval()
        with self.mean.weights_of(self.network) if self.mean else nullcontext(), whole(self.network):
            values = self.validate(self.model)
        minutes = self._minutes()
        speed = {"examples_per_s": (self.step - self.first_step) * self.examples_per_step / (60 * minutes)}
        if self.tokens_per_example:
            speed["tokens_per_s"] = self.tokens_per_example * speed["examples_per_s"]
        self.run.log(
            step=self.step, train_loss=self.recent_loss, minutes=round(minutes, 2),
            **{name: round(value, 3) for name, value in speed.items()}, **_gpu(), **values,
        )  # fmt: skip
        if not math.isfinite(values["loss"]):
            raise ConfigError(
                f"validation loss must be finite but is {values['loss']} at step {self.step}; lower "
                "loop.learning_rate, or look for examples that are not finite; last.safetensors is from before"
            )
        if values["loss"] < self.best["best_loss"]:
            self.best = {"best_loss": values["loss"], "best_step": self.step}
            with self.mean.weights_of(self.network) if self.mean else nullcontext():
                self._save(self.run.folder / "best.safetensors")

    def _save(self, path: Path) -> None:
        self._check_weights()
        progress: dict[str, Any] = {**self.best, "world": self.world}
        # The 16-bit scaler's; empty for the other precisions.
        progress["scaler"] = self.fabric.strategy.precision.state_dict()
        if path == self.last and self.config.sharded and self.fabric.world_size > 1:
            self.parts.save(
                model=self.network, optimizer=self.optimizer, mean=self.mean, step=self.step, progress=progress
            )
            return
        save_checkpoint(
            path if self.fabric.global_rank == 0 else None, model=self.network, optimizer=self.optimizer,
            mean=self.mean, step=self.step, progress=progress,
        )  # fmt: skip
        self.fabric.barrier()

    def _check_weights(self) -> None:
        """Refuse weights that are no numbers, before they replace good ones; all processes agree."""
        good = all(bool(torch.isfinite(_own(parameter)).all()) for parameter in self.network.parameters())
        if not self._all_agree(good):
            raise ConfigError(
                f"weights must be finite but are not at step {self.step}; lower loop.learning_rate or loop.clip_norm, "
                "or look for examples that are not finite; last.safetensors is from before"
            )

    def _check_world(self, **world: int) -> None:
        """Refuse to continue with other data or processes, under which other examples would come next.

        Raises:
            ConfigError: the number of examples or processes is another.
        """
        differences = [
            f"{name} was {self.world[name]} but is {now}"
            for name, now in world.items()
            if self.world.get(name, now) != now
        ]
        if differences:
            raise ConfigError(
                f"run {self.run.folder} must continue as begun but {'; '.join(differences)}; set it back, or name "
                "another folder"
            )
        self.world = world

    def _is_time_up(self) -> bool:
        """Whether the time is up, as rank 0 says: one that decided alone would leave the others waiting."""
        if self.config.max_minutes is None:
            return False
        return bool(self.fabric.broadcast(self._minutes() > self.config.max_minutes))

    def _all_agree(self, good: bool) -> bool:
        if self.fabric.world_size == 1:
            return good
        return bool(self.fabric.all_reduce(torch.tensor(float(good), device=self.fabric.device), reduce_op="sum")
                    == self.fabric.world_size)  # fmt: skip

    def _minutes(self) -> float:
        return (time.monotonic() - self.started) / 60


def _own(parameter: Tensor) -> Tensor:
    """This process's part of a parameter."""
    return parameter.to_local() if isinstance(parameter, DTensor) else parameter


def _gpu() -> dict[str, float]:
    """What the GPU holds and how busy it is, where there is one."""
    if not torch.cuda.is_available():
        return {}
    found = {"gpu_memory_gb": round(torch.cuda.max_memory_allocated() / 2**30, 3)}
    with suppress(ModuleNotFoundError, RuntimeError):  # the driver's library is missing
        found["gpu_use_percent"] = torch.cuda.utilization()
    return found
