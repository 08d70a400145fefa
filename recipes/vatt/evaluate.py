"""What a trained VATT knows: `python -m recipes.vatt.evaluate MODEL SHARDS OUTPUT.json --split test_seen`.

Zero-shot retrieval among held-out clips of one group, such as a speaker, against chance; and linear probes on frozen
features, beside the same probes on the same network before its training.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from avse.errors import AvseError, ConfigError
from avse.media.output import beside
from avse.metrics.retrieval import retrieval
from avse.models import zoo
from avse.models.vatt import VATT
from recipes.vatt.data import ClipDataset
from recipes.vatt.embed import Embedded, embed_clips

KS = (1, 5, 10)
PROBED_WORDS = {"colour": 1, "digit": 4}
"""Places in GRID's sentences, `command colour preposition letter digit adverb`."""


def retrievals(embedded: Embedded, groups: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What finds what among the clips of the largest group, by direction.

    Args:
        embedded: clips.
        groups: of each clip, such as its speaker.
    """
    names, counts = np.unique(np.array(groups), return_counts=True)
    own = np.array(groups) == names[counts.argmax()]
    sound, text = own & embedded.has_sound.numpy(), own & embedded.has_text.numpy()
    vectors = embedded.vectors
    pairs = {
        "audio to video": (vectors.audio_va[sound], vectors.video_va[sound]),
        "video to audio": (vectors.video_va[sound], vectors.audio_va[sound]),
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
        }
    return found


def probe(
    train: npt.NDArray[np.floating], train_labels: Sequence[str], test: npt.NDArray[np.floating], labels: Sequence[str]
) -> float:
    """Accuracy of a linear classifier on frozen features; what it is trained on is never tested."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    return float(classifier.fit(train, train_labels).score(test, labels))


def word_probes(parts: dict[str, tuple[Embedded, list[str]]]) -> dict[str, float]:
    """Accuracy for each word of `PROBED_WORDS` from the features of the video; without such sentences none."""
    accuracies = {}
    for name, place in PROBED_WORDS.items():
        chosen = {}
        for part, (embedded, sentences) in parts.items():
            known = [i for i, sentence in enumerate(sentences) if len(sentence.split()) == 6]
            chosen[part] = embedded.video[known].numpy(), [sentences[i].split()[place] for i in known]
        if min(len(labels) for _, labels in chosen.values()) and len(set(chosen["train"][1])) > 1:
            accuracies[name] = probe(*chosen["train"], *chosen["test"])
    return accuracies


def evaluate(model: VATT, shards: Path, *, split: str, group: str) -> dict[str, Any]:
    """Scores of one network.

    Args:
        model: in evaluation mode.
        shards: folder of splits.
        split: to retrieve in and to test probes on; probes are trained on `train`.
        group: what clips must agree in to be told apart, a field of theirs.
    """
    parts: dict[str, tuple[Embedded, list[str]]] = {}
    groups: list[str] = []
    for part, folder in (("train", "train"), ("test", split)):
        dataset = ClipDataset(shards / folder, model=model.config)
        clips = [dataset.clip(number) for number in range(len(dataset))]
        parts[part] = embed_clips(model, dataset), [clip.texts[0] if clip.texts else "" for clip in clips]
        groups = [str(clip.about.get(group, "")) for clip in clips]
    return {"retrieval": retrievals(parts["test"][0], groups), "probe": word_probes(parts)}


def main(argv: list[str] | None = None) -> int:
    """Write the scores of a network and of the same before its training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("shards", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--split", default="valid", help="held-out clips (default valid)")
    parser.add_argument("--group", default="speaker", help="clips are told apart within the largest of these")
    arguments = parser.parse_args(argv)
    try:
        model = zoo.load_as(VATT, arguments.model)
        makers: dict[str, Callable[[], VATT]] = {"trained": lambda: model, "untrained": lambda: _untrained(model)}
        scores = {
            name: evaluate(make(), arguments.shards, split=arguments.split, group=arguments.group)
            for name, make in makers.items()
        }
        with beside(arguments.output, force=True) as temporary:
            temporary.write_text(json.dumps({"split": arguments.split, **scores}, indent=1) + "\n", encoding="utf-8")
    except AvseError as error:
        print(f"evaluate: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    print(json.dumps(scores, indent=1))
    return 0


def _untrained(model: VATT) -> VATT:
    import torch

    torch.manual_seed(0)
    return VATT.build(model.config).eval()


if __name__ == "__main__":
    sys.exit(main())
