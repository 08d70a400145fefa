"""What each modality adds to the network: `python -m recipes.driver_stress.network_gain --folder F --drives D ...`.

The question that `recipes.driver_stress.modality_gain` asks of a random forest, on the same folds: where a forest gains
from a modality and the network does not, the network is at fault.
"""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from avse.drives.drive import Drive, load_drives
from avse.errors import ConfigError
from avse.report.document import Part, Table, to_markdown
from avse.training.run import Run, describe_software
from recipes import result_file
from recipes.driver_predictions import Predictions, load_predictions, save_predictions
from recipes.driver_scores import comparison_of, lead_lines, system_lines
from recipes.driver_stress.config import AugmentConfig, NetworkConfig, TrainConfig
from recipes.driver_stress.infer import probabilities, windows_for
from recipes.driver_stress.modality_gain import ALL, WITHOUT
from recipes.driver_stress.network import trained
from recipes.driver_stress.protocol import Fold, driver_folds
from recipes.driver_stress.windows import with_modalities
from recipes.training import program


@dataclass(frozen=True)
class NetworkGainConfig:
    """A comparison of networks that read fewer modalities, or one in place of another."""

    folder: Path
    """Where networks and predictions go; what is there already is kept."""
    drives: Path
    """Folder of drives, from the preparation."""
    output: Path
    """The table."""
    modalities: tuple[str, ...] = ()
    """Of the network with all; all that the drives have by default."""
    instead: dict[str, str] = field(default_factory=dict)
    """A modality, and the one that a further network reads in its place."""
    n_folds: int = 4
    """Groups of drivers that are tested in turn."""
    window_s: int = 30
    """Seconds for which there is one answer."""
    n_sequences: int = 320
    """Sequences an epoch."""
    n_epochs: int = 15
    """Of each training."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Of the training sequences."""
    seed: int = 1
    """Of everything."""
    title: str = "What each modality adds to the network"
    """Of the table."""
    command: str = ""
    """What a reader types to get the table."""
    note: str = ""
    """What a reader must know before the numbers."""


def main(config: NetworkGainConfig) -> None:
    """Train and test what is missing, and write the table."""
    drives = [drive for drive in load_drives(config.drives) if drive.segments]
    sets = sets_of(config, drives)
    paths = []
    for number, fold in enumerate(tqdm(driver_folds(drives, n_folds=config.n_folds), desc="folds")):
        path = config.folder / "predictions" / f"{number:02d}.safetensors"
        if not path.is_file():
            save_predictions(path, _fold(fold, sets, config, number))
        paths.append(path)
    Run(config.folder / "table", config=config)
    comparison = comparison_of([one for path in paths for one in load_predictions(path)])
    names, software = list(sets), describe_software()
    parts: list[Part] = [
        *result_file.head(config.title, command=config.command, note=config.note),
        f"The network of `recipes.driver_stress`, one training for each set of modalities and fold, windows of "
        f"{config.window_s} s, {len({drive.driver for drive in drives})} drivers, each tested by networks that were "
        f"trained on the others; intervals: bootstrap over drivers. Commit {software['commit']}, seed {config.seed}, "
        f"{software['device']}, torch {software['torch']}.",
        Table(system_lines(comparison, names)),
        Table(lead_lines(comparison, ALL, [name for name in names if name != ALL])),
    ]
    result_file.write(config.output, to_markdown(parts, folder=config.output.parent))


def sets_of(config: NetworkGainConfig, drives: list[Drive]) -> dict[str, list[str]]:
    """The sets of modalities that are compared, by name.

    Raises:
        ConfigError: there is one modality alone, or one to be replaced is not among them.
    """
    names = list(config.modalities or drives[0].signals)
    if len(names) < 2:
        raise ConfigError(f"modalities must be two or more but there is {names[0]} alone; name others")
    if unknown := set(config.instead) - set(names):
        raise ConfigError(f"instead must name modalities of {', '.join(names)} but has {min(unknown)!r}; correct it")
    sets = {ALL: names} | {WITHOUT + name: [other for other in names if other != name] for name in names}
    for name, other in config.instead.items():
        sets[f"{other} in place of {name}"] = [other if known == name else known for known in names]
    return sets


def _fold(fold: Fold, sets: dict[str, list[str]], config: NetworkGainConfig, number: int) -> list[Predictions]:
    common = TrainConfig(
        folder=config.folder, drives=config.drives, window_s=config.window_s, n_sequences=config.n_sequences,
        network=config.network, augment=config.augment,
    )  # fmt: skip
    loop = replace(
        common.loop, n_epochs=config.n_epochs, validate_every_epochs=config.n_epochs, seed=config.seed + number
    )
    networks = {
        title: trained(
            with_modalities(fold.train, names),
            folder=config.folder / "runs" / title.replace(" ", "_") / f"{number:02d}",
            config=replace(common, loop=loop),
        )
        for title, names in sets.items()
    }
    found = []
    for drive in fold.test:
        windows = {title: windows_for(network, drive) for title, network in networks.items()}
        n_windows = min(len(some.levels) for some in windows.values())  # sensors may stop a window early
        predicted = {title: probabilities(network, windows[title])[:n_windows] for title, network in networks.items()}
        levels = windows[ALL].levels[:n_windows]
        found.append(Predictions(drive.id, drive.driver, config.window_s, levels, predicted, {}))
    return found


if __name__ == "__main__":
    sys.exit(program(main, NetworkGainConfig))
