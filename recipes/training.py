"""What every recipe's training program does around its own loss: seed, records, the loop, the weights at the end."""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import torch
from lightning_fabric import seed_everything
from torch import Tensor

from avse.errors import AvseError, ConfigError
from avse.media.tensors import read_tensors
from avse.models import zoo
from avse.models.registry import Model
from avse.training.config import read_config
from avse.training.loop import fit
from avse.training.loop_config import LoopConfig
from avse.training.run import Run
from avse.training.settings import check_same, digests

log = logging.getLogger("avse")


class TrainingConfig(Protocol):
    """What the configurations of all recipes have."""

    @property
    def folder(self) -> Any:
        """Of the run."""
        ...

    @property
    def loop(self) -> LoopConfig:
        """The training."""
        ...


class _WithFolder(Protocol):
    @property
    def folder(self) -> Any: ...


Config = TypeVar("Config", bound=_WithFolder)


def train(
    build: Callable[[], Model],
    *,
    config: TrainingConfig,
    dataset: torch.utils.data.Dataset[Any],
    collate: Callable[[list[Any]], Any],
    loss_step: Callable[[Any, Any], Tensor],
    validate: Callable[[Any], dict[str, float]],
    inputs: Mapping[str, str] | None = None,
) -> None:
    """Train, or continue training; the best weights end as `model.safetensors` in the run's folder.

    Args:
        build: makes the model; its random state comes from the seed of `config`.
        config: of the recipe.
        dataset: takes (epoch, index) and has a length.
        collate: examples to a batch.
        loss_step: model and batch to a scalar loss.
        validate: model to named numbers, `loss` among them.
        inputs: hashes of training data that lie in no file that `config` names.

    Raises:
        ConfigError: the run's folder holds results of other settings or data, or the training diverges.
    """
    seed_everything(config.loop.seed, verbose=False)
    run = Run(config.folder, config=config, inputs=inputs)
    if _has_weights(config.folder):
        return
    model = build()
    n_examples = len(dataset)  # type: ignore[arg-type]
    if run.is_first:
        step = config.loop.batch_size * config.loop.accumulate_batches * int(os.environ.get("WORLD_SIZE", "1"))
        waiting = f", {n_examples % step} of them fill no step and wait for the next" if n_examples % step else ""
        print(f"{zoo.count_parameters(model):,} parameters, {n_examples} examples an epoch{waiting}", file=sys.stderr)
    result = fit(
        cast("torch.nn.Module", model),
        dataset=dataset,
        collate=collate,
        loss_step=loss_step,
        validate=validate,
        config=config.loop,
        run=run,
    )
    run.log(event="stopped", finished=str(result.finished), minutes=round(result.wall_s / 60, 2),
            waiting_share=round(result.waiting_share, 4), first_wait_s=round(result.first_wait_s, 2),
            best_loss=result.best_loss)  # fmt: skip
    if result.finished and run.is_first:
        model = build()  # processes may have shared the other one out
        tensors, _ = read_tensors(run.folder / "best.safetensors")
        model.load_state_dict({k.removeprefix("model."): t for k, t in tensors.items() if k.startswith("model.")})
        zoo.save(run.folder / "model.safetensors", model)
        print(f"wrote {run.folder / 'model.safetensors'} from step {result.best_step}", file=sys.stderr)


def program(main: Callable[[Config], None], kind: type[Config]) -> int:
    """Run a training program with the configuration from the command line; its exit code.

    What is finished under the same settings and data is left alone.
    """
    before = log.level
    log.setLevel(logging.INFO)  # with its bar
    try:
        config = read_config(kind)
        if is_finished(config):  # before any data are read
            print(f"{config.folder} is finished, with these settings and data", file=sys.stderr)
            return 0
        main(config)
    except KeyboardInterrupt:
        print("train: stopped; the same command continues from the last checkpoint", file=sys.stderr)
        return 130
    except AvseError as error:
        print(f"train: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    finally:
        log.setLevel(before)
    return 0


def is_finished(config: Any) -> bool:
    """True if a run has nothing left to do.

    Args:
        config: dataclass instance with the run's `folder`.

    Raises:
        ConfigError: it is finished, but under other settings or with other data.
    """
    if not _has_weights(config.folder):
        return False
    check_same(config.folder, config=config, inputs=digests(config))
    return True


def _has_weights(folder: Path) -> bool:
    return (folder / "model.safetensors").is_file()
