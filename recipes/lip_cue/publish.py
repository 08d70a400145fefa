"""Put a lip network into the package: `python -m recipes.lip_cue.publish --run FOLDER --sources ... --crops ...`.

Takes the best weights of a run, finished or not; writes them as float16, both graphs made of the rounded weights, and
the card, whose numbers come from `evaluate` and from the run's records.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import jinja2
import torch
import yaml
from torch import Tensor

from avse.data.manifest import Item, read_manifest
from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from avse.media.tensors import read_tensors
from avse.models import zoo
from avse.models.lip_cue import LipCue
from avse.models.lip_cue_onnx import export
from avse.models.pretrained import PRETRAINED
from recipes.lip_cue.cue_sources import choose_items
from recipes.lip_cue.evaluate import evaluate

ACTIVITY_SHIFT = 1.4
"""Taken from the logit of voice activity: speech fills three quarters of what training warps, and half of what faces
say. Chosen by the accuracy on the validation split."""
CARD = Path(__file__).with_name("card.md.j2")


def weights_of(run: Path, *, state: str) -> tuple[LipCue, int]:
    """The network of a run, and its step: the mean of its weights over steps, where it has one.

    Args:
        run: folder of the training.
        state: `best` by the unseen people of the validation split, or `last`.

    Raises:
        ConfigError: the run has no such state.
    """
    path = run / f"{state}.safetensors"
    if not path.is_file():
        raise ConfigError(f"run {run} must hold {path.name} but does not; train on")
    sizes = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))["model"]
    model = LipCue.build(LipCue.config_of(**sizes))
    tensors, header = read_tensors(path)
    weights: dict[str, Tensor] = {}
    for kind in ("model.", "mean."):
        weights |= {name.removeprefix(kind): tensor for name, tensor in tensors.items() if name.startswith(kind)}
    model.load_state_dict(weights)
    with torch.no_grad():
        model.cue.bias[0] -= ACTIVITY_SHIFT
    return model.eval(), int(header["step"])


def sources_of(items: list[Item]) -> list[str]:
    """Sources to name, once each, in order."""
    return sorted({item.attribution or item.licence for item in items})


def render(model: LipCue, step: int, *, arguments: argparse.Namespace) -> str:
    """The card."""
    items = read_manifest(arguments.manifest)
    chosen = choose_items(items, split="train", crops=arguments.crops)
    faces = [item for item in chosen if item.video]
    log = [json.loads(line) for line in (arguments.run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    software: dict[str, Any] = json.loads((arguments.run / "software.json").read_text(encoding="utf-8"))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(CARD.read_text(encoding="utf-8")).render(
        n_parameters=f"{zoo.count_parameters(model):,}",
        n_faces=len(faces),
        n_people=len({item.speaker for item in faces}),
        n_speakers=len({item.speaker for item in chosen if item.is_speech and not item.video}),
        n_noises=sum(not item.is_speech for item in chosen),
        credits=sources_of([item for item in chosen if item.is_speech]),
        software=software,
        step=step,
        minutes=next((row["minutes"] for row in log if row.get("step") == step), None),
        measures=evaluate(model, arguments.sources, arguments.crops),
    )


def main(argv: list[str] | None = None) -> int:
    """Write weights, graphs and card."""
    parser = argparse.ArgumentParser(prog="python -m recipes.lip_cue.publish", description=__doc__)
    for name in ("run", "manifest", "sources", "crops"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--state", choices=("best", "last"), default="best")
    arguments = parser.parse_args(argv)
    try:
        model, step = weights_of(arguments.run, state=arguments.state)
        weights = PRETRAINED / f"{model.name}.safetensors"
        zoo.save(weights, model, half=True)
        rounded = zoo.load_as(LipCue, weights)
        export(rounded, weights.with_suffix(".onnx"), force=True)
        with atomic_write(PRETRAINED / f"{model.name}.md", force=True) as temporary:
            temporary.write_text(render(rounded, step, arguments=arguments), encoding="utf-8")
    except AvseError as error:
        print(f"publish: error: {error}", file=sys.stderr)
        return 1
    print(f"wrote {weights} from step {step}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
