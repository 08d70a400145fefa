"""Predictions of systems for the windows of a fold's drives, in one file."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from avse.media.tensors import read_tensors, write_tensors


class Predictions(NamedTuple):
    """Of one drive."""

    drive: str
    driver: str
    window_s: int
    levels: npt.NDArray[np.int64]
    """`(windows,)`, -1 where none is known or where it is not tested."""
    systems: dict[str, npt.NDArray[np.float64]]
    """By system, `(windows, levels)` probabilities."""
    conditions: dict[str, npt.NDArray[np.float64]]
    """The same by system and what was done to the input: `LSTM|gsr|noise|0.5`."""


def save_predictions(path: Path, predictions: list[Predictions]) -> None:
    """Write those of a fold's drives, replacing the file."""
    tensors, header = {}, []
    for number, one in enumerate(predictions):
        tensors[f"{number}/levels"] = torch.from_numpy(one.levels)
        for group, found in (("systems", one.systems), ("conditions", one.conditions)):
            for name, predicted in found.items():
                tensors[f"{number}/{group}/{name}"] = torch.from_numpy(predicted.astype(np.float32))
        header.append({"drive": one.drive, "driver": one.driver, "window_s": one.window_s})
    write_tensors(path, tensors, header={"drives": header})


def load_predictions(path: Path) -> list[Predictions]:
    """Read what `save_predictions` wrote."""
    tensors, header = read_tensors(path)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}

    def group(number: int, kind: str) -> dict[str, npt.NDArray[np.float64]]:
        start = f"{number}/{kind}/"
        return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}

    return [
        Predictions(
            about["drive"],
            about["driver"],
            about["window_s"],
            arrays[f"{number}/levels"],
            group(number, "systems"),
            group(number, "conditions"),
        )
        for number, about in enumerate(header["drives"])
    ]
