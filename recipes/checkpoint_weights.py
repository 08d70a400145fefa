"""Weights out of a run's newest checkpoint, while it trains: `python -m recipes.checkpoint_weights RUN OUT`.

The exponential moving average, where the run keeps one.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from avse.errors import AvseError, ConfigError
from avse.media.tensors import read_tensors
from avse.models import zoo
from avse.models.registry import MODELS, Model


def checkpoint_model(run: Path, *, kind: str) -> tuple[Model, int]:
    """The model of a run's `last.safetensors`, and the step that it was written at.

    Args:
        run: folder of a training run.
        kind: of the model, a key of `avse.models.registry.MODELS`.

    Raises:
        ConfigError: the folder holds no checkpoint of such a model.
    """
    path, settings = run / "last.safetensors", run / "config.yaml"
    if not (path.is_file() and settings.is_file()):
        raise ConfigError(
            f"run {run} must hold last.safetensors and config.yaml but does not; name a training's folder"
        )
    tensors, header = read_tensors(path)
    weights = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
    weights |= {name.removeprefix("mean."): t for name, t in tensors.items() if name.startswith("mean.")}
    config = yaml.safe_load(settings.read_text(encoding="utf-8"))["model"]
    model = zoo.build({"model": kind, "config": config}, path=path)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(f"checkpoint {path} must be of a {kind} but is not ({reason}); name its kind") from None
    return model.eval(), int(header["step"])


def part_of(model: Model, name: str) -> Model:
    """A part of a model that is a model itself.

    Raises:
        ConfigError: it has none of that name.
    """
    part: Any = getattr(model, name, None)
    if type(part) not in [entry.network for entry in MODELS.values()]:
        raise ConfigError(f"part {name} must be one of the model {model.name} that is a model but is not; name another")
    found: Model = part
    return found


def main(argv: list[str] | None = None) -> int:
    """Write the weights; exit 1 if there is no checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("output", type=Path, help="weights file to write or replace")
    parser.add_argument("--model", choices=sorted(MODELS), default="gtcrn", help="default gtcrn")
    parser.add_argument("--part", help="write this part alone, as `core` of a steered model")
    arguments = parser.parse_args(argv)
    try:
        model, step = checkpoint_model(arguments.run, kind=arguments.model)
        zoo.save(arguments.output, part_of(model, arguments.part) if arguments.part else model)
    except AvseError as error:
        print(f"checkpoint_weights: error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: {arguments.model} at step {step}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
