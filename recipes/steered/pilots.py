"""Short trainings of the core that differ in one thing: `python -m recipes.steered.pilots PILOTS.yaml FOLDER ...`.

Every pilot is trained on the same mixtures in the same order, unless it is the mixtures that it changes, and is scored
on the same mixtures of voices and noises that none is trained on. Each can be stopped and resumed; a table comes last.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import torch
import yaml

from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from avse.report.document import markdown_table
from avse.training.config import read_config
from avse.training.loop_config import LoopConfig
from avse.workers import in_parallel
from recipes.steered import compare_cores, core
from recipes.steered.config import CoreTrainConfig
from recipes.training import is_finished

SEED = 4
"""Of the mixtures that pilots are scored on; `compare_cores --seed 4` has the same ones."""


def read_pilots(path: Path) -> dict[str, dict[str, Any]]:
    """The settings of each pilot, those of `all` among them.

    Args:
        path: YAML; under each pilot's name the settings that it changes, as `loss.disturbance: 0.7`.

    Raises:
        ConfigError: it is no such file.
    """
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"pilots {path} must be a YAML file but cannot be read ({reason}); name another") from None
    if not isinstance(given, dict) or not all(isinstance(settings, dict | None) for settings in given.values()):
        raise ConfigError(f"pilots {path} must hold settings under the name of each pilot but does not; correct it")
    shared = given.pop("all", None) or {}
    if not given:
        raise ConfigError(f"pilots {path} must name a pilot beside `all` but does not; add one")
    return {str(name): {**shared, **(settings or {})} for name, settings in given.items()}


def config_of(name: str, settings: dict[str, Any], *, folder: Path, rest: list[str]) -> CoreTrainConfig:
    """A pilot's configuration; `rest` are options of every training."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}
    flags = [part for key, text in texts.items() for part in (f"--{key}", text)]
    place = folder / re.sub(r"\W+", "_", name)
    return read_config(CoreTrainConfig, ["--folder", str(place), *flags, *rest])


def train_pilot(config: CoreTrainConfig) -> str | None:
    """Train one, unless that was done before; why it failed if it did, for one bad pilot must not end the others."""
    torch.set_num_threads(1)
    try:
        if not is_finished(config):
            core.main(config)
    except AvseError as error:
        return str(error)
    return None


def _lost(config: CoreTrainConfig, error: AvseError) -> str:
    """Why a pilot has no weights whose process was killed."""
    return str(error)


def table(configs: dict[str, CoreTrainConfig], *, n_mixtures: int) -> list[list[str]]:
    """What each trained pilot scores on a number of mixtures."""
    some = next(iter(configs.values()))
    scored = CoreTrainConfig(
        folder=Path(), manifest=some.manifest, audio=some.audio, n_valid=n_mixtures, loop=LoopConfig(seed=SEED)
    )
    heading, *rows = compare_cores.table([config.folder / "model.safetensors" for config in configs.values()], scored)
    return [["pilot", *heading[1:]], *([name, *row[1:]] for name, row in zip(configs, rows, strict=True))]


def main(argv: list[str] | None = None) -> int:
    """Train all pilots and write the table; exit 1 if one fails, 2 if the settings are wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pilots", type=Path, help="YAML of what each changes")
    parser.add_argument("folder", type=Path, help="for the runs, and `pilots.md`")
    parser.add_argument("--workers", type=int, default=2, help="pilots at once, each on one core; default 2")
    parser.add_argument("--n-mixtures", type=int, default=60, help="that they are scored on; default 60")
    arguments, rest = parser.parse_known_args(argv)
    try:
        pilots = read_pilots(arguments.pilots)
        configs = {name: config_of(name, some, folder=arguments.folder, rest=rest) for name, some in pilots.items()}
        ends = in_parallel(train_pilot, list(configs.values()), n_workers=arguments.workers, lost=_lost)
        errors = dict(zip(configs, ends, strict=True))
        trained = {name: config for name, config in configs.items() if errors[name] is None}
        for name in configs:
            if name not in trained:
                print(f"pilots: error: {name}: {errors[name]}", file=sys.stderr)
        if not trained:
            return 1
        text = markdown_table(table(trained, n_mixtures=arguments.n_mixtures))
        with atomic_write(arguments.folder / "pilots.md", force=True) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    except AvseError as error:
        print(f"pilots: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    print(text)
    return 0 if len(trained) == len(configs) else 1


if __name__ == "__main__":
    sys.exit(main())
