"""What a trained VATT knows: `python -m recipes.vatt.evaluate MODEL SHARDS OUTPUT.json --split test_seen`.

Zero-shot retrieval among held-out windows of one group, such as a speaker, against chance; and linear probes on frozen
features, beside the same probes on the same network before its training.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch

from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from avse.metrics.retrieval import retrieval
from avse.models import zoo
from avse.models.vatt import VATT
from avse.report.score_schema import stamped
from recipes.vatt.data import ClipDataset, ClipExample
from recipes.vatt.embed import Embedded, embed
from recipes.vatt.probes import PROBED_WORDS, audio_probe, interval, label_probes

KS = (1, 5, 10)


def retrievals(
    embedded: Embedded, groups: Sequence[str], positions: Sequence[int] | None = None, *, each: bool = False
) -> dict[str, dict[str, Any]]:
    """What finds what among the windows of one group, by direction.

    Args:
        embedded: windows.
        groups: of each window, such as its speaker.
        positions: of each window in its clip. Sentences of one grammar have the same kind of word at the same index, so
            that a second chance is given: that of who knows the index and nothing else.
        each: within every group in turn, and the means over their queries; else within the largest one alone.
    """
    names, counts = np.unique(np.array(groups), return_counts=True)
    indices = np.array(positions if positions is not None else [0] * len(groups))
    chosen = names if each else names[[counts.argmax()]]
    by_group = [_within(embedded, np.array(groups) == name, indices) for name in chosen]
    found = {}
    for direction in dict.fromkeys(name for scores in by_group for name in scores):
        rows = [scores[direction] for scores in by_group if direction in scores]
        ns = [row["n"] for row in rows]
        means = {key: float(np.average([row[key] for row in rows], weights=ns)) for key in rows[0]}
        found[direction] = {**means, "n": sum(ns), "n_groups": len(rows)}
    return found


def _within(embedded: Embedded, own: np.ndarray, indices: np.ndarray) -> dict[str, dict[str, Any]]:
    """What finds what among some windows, `(windows,)` True, by direction."""
    audio, text = own & embedded.has_audio.numpy(), own & embedded.has_text.numpy()
    vectors = embedded.vectors
    chosen = {"audio to video": audio, "video to audio": audio, "text to video": text}
    pairs = {
        "audio to video": (vectors.audio_va[audio], vectors.video_va[audio]),
        "video to audio": (vectors.video_va[audio], vectors.audio_va[audio]),
        "text to video": (vectors.text_vt[text][:, 0], vectors.video_vt[text]),
    }
    found = {}
    for name, (queries, candidates) in pairs.items():
        if len(queries) < 2:
            continue
        scores = retrieval(queries=queries.numpy(), candidates=candidates.numpy(), ks=KS)
        found[name] = {
            "n": scores.n,
            "median_rank": scores.median_rank,
            **{f"recall_at_{k}": scores.recall_at[k] for k in KS},
            **{f"chance_at_{k}": scores.chance(k) for k in KS},
            **{f"position_chance_at_{k}": position_chance(indices[chosen[name]], k) for k in KS},
        }
    return found


def position_chance(indices: np.ndarray, k: int) -> float:
    """Recall at k of who knows each answer's index in its clip, `(n,)`, and draws among the windows of that index."""
    _, inverse, counts = np.unique(indices, return_inverse=True, return_counts=True)
    return float(np.minimum(1.0, k / counts[inverse]).mean())


def evaluate(
    model: VATT,
    shards: Path,
    *,
    split: str,
    group: str,
    labels: Sequence[str] = tuple(PROBED_WORDS),
    recordings: Path | None = None,
    each_group: bool = False,
) -> dict[str, Any]:
    """Scores of one network.

    Args:
        model: in evaluation mode.
        shards: folder of splits.
        split: to retrieve in and to test probes on; probes are trained on `train`.
        group: what windows must agree in to be distinguished, a field of theirs.
        labels: that probes tell apart.
        recordings: manifest whose noises the audio encoder is to tell apart, if any.
        each_group: retrieve within every group in turn, see `retrievals`.
    """
    train, test = (ClipDataset(shards / name, model=model.config, keep=True) for name in ("train", split))
    groups: list[str] = []
    positions: list[int] = []

    def windows() -> Iterator[ClipExample]:
        for clip in test.clips():
            of_clip = test.windows(clip)
            groups.extend([str(clip.about.get(group, ""))] * len(of_clip))
            positions.extend(range(len(of_clip)))
            yield from of_clip

    right = label_probes(model, train=train, test=test, names=labels)
    scores: dict[str, Any] = {
        "retrieval": retrievals(embed(model, windows()), groups, positions, each=each_group),
        "probe": {name: float(found.mean()) for name, found in right.items()},
        "probe_interval": {name: interval(found) for name, found in right.items()},
    }
    if recordings is not None:
        scores["audio_probe"] = audio_probe(model, recordings)
    return scores


def main(argv: list[str] | None = None) -> int:
    """Write the scores of the trained network and of untrained ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="weights of a VATT")
    parser.add_argument("shards", type=Path, help="folder of splits, from recipes.vatt.shards")
    parser.add_argument("output", type=Path, help="JSON")
    parser.add_argument("--split", default="valid", help="held-out clips (default valid)")
    parser.add_argument("--group", default="speaker", help="windows are distinguished within the largest of these")
    parser.add_argument("--each-group", action="store_true", help="within every group in turn, and the means of them")
    parser.add_argument("--n-untrained", type=int, default=1, help="networks before their training (default 1); their "
                        "scores are averaged, for their variance over seeds is high")  # fmt: skip
    parser.add_argument("--label", action="append", help="that probes tell apart, a field of the clips such as folder; "
                        "may be given again (default: colour and digit of GRID's sentences)")  # fmt: skip
    parser.add_argument("--recordings", type=Path, help="manifest of noises for the probe of the audio encoder")
    arguments = parser.parse_args(argv)
    try:
        model = zoo.load_as(VATT, arguments.model)
        work = partial(
            evaluate,
            shards=arguments.shards,
            split=arguments.split,
            group=arguments.group,
            labels=arguments.label or tuple(PROBED_WORDS),
            recordings=arguments.recordings,
            each_group=arguments.each_group,
        )
        scores = {"trained": work(model)}
        if arguments.n_untrained:
            before = [work(untrained(model, seed=seed)) for seed in range(arguments.n_untrained)]
            scores["untrained"] = _means(before)
        with atomic_write(arguments.output, force=True) as temporary:
            found = stamped({"split": arguments.split, **scores})
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except AvseError as error:
        print(f"evaluate: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    print(json.dumps(scores, indent=1))
    return 0


def untrained(model: VATT, *, seed: int = 0) -> VATT:
    """The same network before any training."""
    torch.manual_seed(seed)
    return VATT.build(model.config).eval()


def _means(scores: list[Any]) -> Any:
    """The mean of several networks' scores, number by number."""
    if isinstance(scores[0], dict):
        return {name: _means([each[name] for each in scores]) for name in scores[0]}
    return fmean(scores)


if __name__ == "__main__":
    sys.exit(main())
