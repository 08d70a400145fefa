"""What every system predicted under every condition, in one file for a fold."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from avse.errors import ConfigError
from avse.media.tensors import read_tensors, write_tensors
from avse.types import Labels, Probabilities


class Predictions(NamedTuple):
    """Of a fold, or of several."""

    names: tuple[str, ...]
    """Of the labels."""
    ids: list[str]
    """Of the tested examples."""
    groups: list[str]
    """Of each."""
    labels: Labels
    """`(examples,)`."""
    systems: dict[str, dict[str, Probabilities]]
    """`(examples, labels)` by condition and system."""


def save_predictions(path: Path, predictions: Predictions) -> None:
    """Write them, replacing the file."""
    tensors = {"labels": torch.from_numpy(predictions.labels)}
    for condition, by_system in predictions.systems.items():
        for name, probabilities in by_system.items():
            tensors[f"{condition}|{name}"] = torch.from_numpy(probabilities.astype(np.float32))
    header = {
        "names": predictions.names,
        "ids": predictions.ids,
        "groups": predictions.groups,
        "systems": {condition: list(by_system) for condition, by_system in predictions.systems.items()},
    }
    write_tensors(path, tensors, header=header)


def load_predictions(paths: list[Path]) -> Predictions:
    """Read the folds of one seed, one after the other.

    Raises:
        ConfigError: there are none, or their labels differ.
    """
    parts = [_load(path) for path in paths]
    if not parts or any(part.names != parts[0].names for part in parts):
        raise ConfigError("predictions of one evaluation must be there, with the same labels, but are not; evaluate")
    systems = {
        condition: {
            name: np.concatenate([part.systems[condition][name] for part in parts])
            for name in by_system
            if all(name in part.systems[condition] for part in parts)
        }
        for condition, by_system in parts[0].systems.items()
    }
    return Predictions(
        parts[0].names,
        [identity for part in parts for identity in part.ids],
        [group for part in parts for group in part.groups],
        np.concatenate([part.labels for part in parts]),
        systems,
    )


def _load(path: Path) -> Predictions:
    tensors, header = read_tensors(path)
    systems = {
        condition: {name: tensors[f"{condition}|{name}"].numpy().astype(float) for name in names}
        for condition, names in header["systems"].items()
    }
    return Predictions(tuple(header["names"]), header["ids"], header["groups"], tensors["labels"].numpy(), systems)
