"""A checkpoint of which each process writes its own part, for models that no process can gather in time or memory.

By `torch.distributed.checkpoint`, with its storage of safetensors files: its other storage keeps an index as a pickle,
which this project never loads. The files lie in a folder of their step; a small file that names the step, with all that
is no tensor, is renamed into its place when all parts are there, so that a kill at any moment leaves one whole
checkpoint.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

from avse.errors import ConfigError
from avse.media.output import atomic_write
from avse.training.checkpoint import optimizer_state, state_tensors
from avse.training.ema import WeightAverage

POINTER = "last.json"
"""Names the step of the last whole checkpoint, and holds what is no tensor."""


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
        from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
        from torch.distributed.checkpoint.state_dict_saver import save

        place = self._of(step)
        if self._rank == 0:
            shutil.rmtree(place, ignore_errors=True)  # what a killed run has left
        self._barrier()
        tensors, scalars = state_tensors(model, optimizer, mean)
        with _alone_is_fine():
            save(
                _apart({**tensors, **self._random_states()}), no_dist=self._n_ranks == 1,
                storage_writer=HuggingFaceStorageWriter(str(place), save_distributed=True),
            )  # fmt: skip
        self._barrier()
        if self._rank == 0:
            row = {"step": step, "n_ranks": self._n_ranks, "progress": progress, "optimizer": scalars}
            with atomic_write(self._folder / POINTER, force=True) as temporary:
                temporary.write_text(json.dumps(row) + "\n", encoding="utf-8")
            for other in self._folder.glob("last-*"):
                if other != place:
                    shutil.rmtree(other, ignore_errors=True)
        self._barrier()

    def load(
        self, *, model: nn.Module, optimizer: Optimizer, mean: WeightAverage | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Put this process back; arguments and result as of `load_checkpoint`.

        Raises:
            ConfigError: the checkpoint is of another number of processes or another model, or a part is missing or
                damaged.
        """
        row = self._pointed()
        if row["n_ranks"] != self._n_ranks:
            raise ConfigError(
                f"run {self._folder} must continue with {row['n_ranks']} processes, or other examples would come next, "
                f"but there are {self._n_ranks}; start as many, or name another folder"
            )
        place = self._of(row["step"])
        tensors, _ = state_tensors(model, optimizer, mean)
        tensors |= self._read(place, tensors, optimizer)
        optimizer.load_state_dict(optimizer_state(tensors, row["optimizer"], optimizer))
        torch.set_rng_state(tensors[f"random.cpu.{self._rank}"])
        if torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors[f"random.cuda.{self._rank}"])
        return row["step"], row["progress"]

    def _read(self, place: Path, tensors: dict[str, Tensor], optimizer: Optimizer) -> dict[str, Tensor]:
        """Fill a model's own tensors; what an optimiser that has not begun, and this process besides, have there."""
        from safetensors import SafetensorError
        from torch.distributed.checkpoint.api import CheckpointException
        from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
        from torch.distributed.checkpoint.state_dict_loader import load

        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        wanted = {**tensors, **self._random_states()}
        reader = HuggingFaceStorageReader(str(place))
        try:
            for name, stored in reader.read_metadata().state_dict_metadata.items():
                if name.startswith("optimizer."):
                    parameter = parameters[int(name.split(".")[1])]
                    wanted[name] = (
                        torch.empty_like(parameter.detach())
                        if stored.size == parameter.shape  # type: ignore[union-attr]
                        else torch.empty(stored.size, dtype=stored.properties.dtype)  # type: ignore[union-attr]
                    )
            with _alone_is_fine():
                load(wanted, storage_reader=reader, no_dist=self._n_ranks == 1)
        except (CheckpointException, SafetensorError, RuntimeError, ValueError, LookupError, OSError) as error:
            reason = " ".join(str(error).split())[-200:]
            raise ConfigError(
                f"checkpoint {place} must be whole and fit the model but does not; start in a new folder ({reason})"
            ) from None
        return wanted

    def _random_states(self) -> dict[str, Tensor]:
        """Of this process, each under a name of its own."""
        states = {f"random.cpu.{self._rank}": torch.get_rng_state()}
        if torch.cuda.is_available():
            states[f"random.cuda.{self._rank}"] = torch.cuda.get_rng_state()
        return states

    def _of(self, step: int) -> Path:
        return self._folder / f"last-{step:09d}"

    def _pointed(self) -> dict[str, Any]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            row = json.loads((self._folder / POINTER).read_text(encoding="utf-8"))
            return {"step": int(row["step"]), "n_ranks": int(row["n_ranks"]), "progress": dict(row["progress"]),
                    "optimizer": dict(row["optimizer"])}  # fmt: skip
        raise ConfigError(f"{self._folder / POINTER} must name a checkpoint but does not; name another folder")


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies of what has two names, as encoders do that share a part: safetensors refuses it."""
    found, addresses = {}, set[int]()
    for name, tensor in tensors.items():
        address = (tensor.to_local() if isinstance(tensor, DTensor) else tensor).data_ptr()
        found[name] = tensor.clone() if address in addresses else tensor
        addresses.add(address)
    return found


@contextmanager
def _alone_is_fine() -> Iterator[None]:
    """PyTorch warns where there is one process, which may be so."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        yield
