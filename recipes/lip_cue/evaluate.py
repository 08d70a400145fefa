"""What the lip network tells of people: `python -m recipes.lip_cue.evaluate WEIGHTS SOURCES CROPS --json FILE`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from avse.errors import AvseError
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.lip_cue import LipCue
from avse.report.score_schema import stamped
from recipes.lip_cue.config import TrainConfig
from recipes.lip_cue.cue_sources import load_sources
from recipes.lip_cue.errors import describe_errors
from recipes.lip_cue.measures import Watched, describe, pearson, watch_all

UNSEEN = TrainConfig.unseen


def mouth_change(one: Watched) -> np.ndarray:
    """The yardstick: how much the mouth's grey values differ from its median look, smoothed over three frames."""
    crops = np.asarray(one.face.mouth.at(np.arange(len(one.cue)) / 25)[0], dtype=np.float32)
    inner = crops[:, 8:26, 10:38]
    change = np.abs(inner - np.median(inner, axis=0)).mean(axis=(1, 2))
    return np.convolve(change, np.ones(3) / 3, mode="same")


def evaluate(model: LipCue, sources: Path, crops: Path | None) -> dict[str, Any]:
    """All measures of the validation split, people that training has not seen by themselves."""
    watched = watch_all(model, load_sources(sources, crops, split="valid").faces)
    groups = {
        "unseen": [one for one in watched if one.face.audio.name in UNSEEN],
        "seen": [one for one in watched if one.face.audio.name not in UNSEEN],
    }
    result: dict[str, Any] = {}
    for name, group in groups.items():
        if group:
            yardstick = [pearson(mouth_change(one), one.face.audio.cue[:, 1:].mean(axis=1)) for one in group]
            result[name] = {
                "n_clips": len(group),
                "mouth_change_correlation": float(np.mean(yardstick)),
                **describe(group),
                "errors": describe_errors(group),
            }
    return result


def main(argv: list[str] | None = None) -> int:
    """Print the measures, and write them where asked to."""
    parser = argparse.ArgumentParser(prog="python -m recipes.lip_cue.evaluate", description=__doc__)
    parser.add_argument("weights", help="lip_cue, or a file of weights")
    parser.add_argument("sources", type=Path, help="of the sources stage, or of a packed corpus, which needs no crops")
    parser.add_argument("crops", type=Path, nargs="?")
    parser.add_argument("--json", type=Path, help="file to write")
    arguments = parser.parse_args(argv)
    try:
        model = zoo.load(arguments.weights)
        if not isinstance(model, LipCue):
            raise AvseError(f"weights must be of a lip network but are of {model.name}; name others")
        text = json.dumps(stamped(evaluate(model, arguments.sources, arguments.crops)), indent=1)
        if arguments.json:
            with atomic_write(arguments.json, force=True) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
    except AvseError as error:
        print(f"evaluate: error: {error}", file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
