"""Networks by the dozen: each trained once, quietly, and read again."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from avse.drives.drive import Drive
from avse.models import zoo
from avse.models.driver_stress import DriverStress
from recipes.driver_stress.config import TrainConfig
from recipes.driver_stress.train import train_network
from recipes.driver_stress.windows import Levels


def trained(
    drives: Sequence[Drive],
    *,
    folder: Path,
    config: TrainConfig,
    levels: Sequence[Levels | None] | None = None,
    encoders: Mapping[str, Tensor] | None = None,
) -> DriverStress:
    """A network trained on some drives; one that is trained already is read."""
    folder.mkdir(parents=True, exist_ok=True)
    with _quiet(folder / "output.txt"):
        # What is finished, with these settings and drives, is left alone.
        train_network(drives, config=replace(config, folder=folder), levels=levels, encoders=encoders)
    return zoo.load_as(DriverStress, folder / "model.safetensors")


@contextlib.contextmanager
def _quiet(path: Path) -> Iterator[None]:
    """What a training says goes into a file; hundreds of them would fill the screen."""
    os.environ["TQDM_DISABLE"] = "1"
    with path.open("a", encoding="utf-8") as file, contextlib.redirect_stderr(file):
        yield
