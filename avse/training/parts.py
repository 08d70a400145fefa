"""A checkpoint of which each process writes its own part, for models that no process can gather in time or memory.

Parts are safetensors files, one a process, in a folder of their step; a small file that names the step is renamed into
its place when all parts are there, so that a kill at any moment leaves one whole checkpoint. PyTorch's own
`torch.distributed.checkpoint` keeps its index as a pickle, which this project never loads. As a run refuses another
number of processes, each finds its own part again.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer

from avse.errors import ConfigError
from avse.media.output import atomic_write
from avse.training.checkpoint import load_checkpoint, save_checkpoint
from avse.training.ema import WeightAverage
from avse.training.processes import from_own_part, own_part

POINTER = "last.json"
"""Names the step of the last whole checkpoint."""


class PartedCheckpoint:
    """The last checkpoint of a run, in parts."""

    def __init__(self, folder: Path, *, rank: int, n_ranks: int, barrier: Callable[[], None]) -> None:
        """Name the run.

        Args:
            folder: of the run, which all processes see.
            rank: of this process.
            n_ranks: processes.
            barrier: waits until all processes are there.
        """
        self._folder, self._rank, self._n_ranks, self._barrier = folder, rank, n_ranks, barrier

    def exists(self) -> bool:
        """True if a whole checkpoint is there."""
        return (self._folder / POINTER).is_file()

    def save(
        self,
        *,
        model: nn.Module,
        optimizer: Optimizer,
        step: int,
        progress: dict[str, Any],
        mean: WeightAverage | None = None,
    ) -> None:
        """Write this process's part, and with all parts the checkpoint; arguments as of `save_checkpoint`."""
        place = self._of(step)
        save_checkpoint(
            place / self._name, model=model, optimizer=optimizer, step=step, progress=progress, mean=mean, take=own_part
        )
        self._barrier()
        if self._rank == 0:
            with atomic_write(self._folder / POINTER, force=True) as temporary:
                temporary.write_text(json.dumps({"step": step, "n_ranks": self._n_ranks}) + "\n", encoding="utf-8")
            for other in self._folder.glob("last-*"):
                if other != place:
                    shutil.rmtree(other, ignore_errors=True)
        self._barrier()

    def load(
        self, *, model: nn.Module, optimizer: Optimizer, mean: WeightAverage | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Put this process back; arguments and result as of `load_checkpoint`.

        Raises:
            ConfigError: the checkpoint is of another number of processes, or a part is missing or damaged.
        """
        step, n_ranks = self._pointed()
        if n_ranks != self._n_ranks:
            raise ConfigError(
                f"run {self._folder} must continue with {n_ranks} processes, for each has a part of its checkpoint, "
                f"but there are {self._n_ranks}; start as many, or name another folder"
            )
        path = self._of(step) / self._name
        return load_checkpoint(path, model=model, optimizer=optimizer, mean=mean, give=from_own_part)

    @property
    def _name(self) -> str:
        return f"part-{self._rank + 1}-of-{self._n_ranks}.safetensors"

    def _of(self, step: int) -> Path:
        return self._folder / f"last-{step:09d}"

    def _pointed(self) -> tuple[int, int]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            row = json.loads((self._folder / POINTER).read_text(encoding="utf-8"))
            return int(row["step"]), int(row["n_ranks"])
        raise ConfigError(f"{self._folder / POINTER} must name a checkpoint but does not; name another folder")
