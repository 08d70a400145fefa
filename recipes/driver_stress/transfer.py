"""Is a network better off with what VATT has heard: `python -m recipes.driver_stress.transfer --config CONFIG ...`.

Every fold trains two networks that are the same but for the weights that their encoders begin with.
"""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from avse.drives.drive import load_drives
from recipes.driver_predictions import Predictions, save_predictions
from recipes.driver_scores import WITH, WITHOUT
from recipes.driver_stress.config import NetworkConfig, TrainConfig
from recipes.driver_stress.infer import probabilities, windows_for
from recipes.driver_stress.network import trained
from recipes.driver_stress.protocol import driver_folds
from recipes.training import program

"""What VATT has learned."""


@dataclass(frozen=True)
class TransferConfig:
    """A comparison."""

    folder: Path
    """Where networks and `predictions` go; what is there already is kept."""
    drives: Path
    """Folder of drives, from the preparation."""
    pretrained: Path
    """Weights of a VATT."""
    n_folds: int = 3
    """Groups of drivers that are tested in turn."""
    n_sequences: int = 320
    """Sequences an epoch."""
    n_epochs: int = 15
    """Of each training."""
    network: NetworkConfig = field(default_factory=lambda: NetworkConfig(encoder="tokens"))
    """The network."""
    seed: int = 1
    """Of everything."""


def main(config: TransferConfig) -> None:
    """Train and test every fold."""
    drives = [drive for drive in load_drives(config.drives) if drive.segments]
    for number, fold in enumerate(driver_folds(drives, n_folds=config.n_folds)):
        common = TrainConfig(
            folder=config.folder,
            drives=config.drives,
            n_sequences=config.n_sequences,
            network=config.network,
        )
        loop = replace(
            common.loop, n_epochs=config.n_epochs, validate_every_epochs=config.n_epochs, seed=config.seed + number
        )
        networks = {
            name: trained(
                fold.train,
                folder=config.folder / name / f"{number:02d}",
                config=replace(common, pretrained=weights, loop=loop),
            )
            for name, weights in ((WITH, config.pretrained), (WITHOUT, None))
        }
        predictions = []
        for drive in fold.test:
            windows = windows_for(networks[WITH], drive)
            predicted = {name: probabilities(network, windows) for name, network in networks.items()}
            predictions.append(Predictions(drive.id, drive.driver, common.window_s, windows.levels, predicted, {}))
        save_predictions(config.folder / "predictions" / f"{number:02d}.safetensors", predictions)


if __name__ == "__main__":
    sys.exit(program(main, TransferConfig))
