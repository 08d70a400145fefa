"""A map of what the encoder of video sees: `python -m recipes.vatt.plot MODEL SHARDS OUTPUT.png --split test_seen`.

t-SNE (van der Maaten and Hinton 2008) of the features of held-out clips, such as those around one word of a sentence,
before the training and after it. Neighbours on the map are alike; distances across it mean little.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.vatt import VATT
from recipes.vatt.data import ClipDataset
from recipes.vatt.evaluate import untrained
from recipes.vatt.probes import features_around

LEAST = 8
"""Windows, fewer of which make no map."""


def draw(models: dict[str, VATT], datasets: list[ClipDataset], *, word: str) -> Figure:
    """One map for each network, a colour for each word.

    Args:
        models: by what they are called.
        datasets: held-out clips.
        word: kind of label, as of `label_of`.

    Raises:
        ConfigError: there are too few such labels.
    """
    figure = Figure(figsize=(4.2 * len(models), 3.8), layout="constrained")
    for number, (name, model) in enumerate(models.items(), start=1):
        found = [features_around(model, dataset, word) for dataset in datasets]
        features = np.concatenate([each[0] for each in found])
        words = np.array([label for each in found for label in each[1]])
        if len(words) < LEAST:
            raise ConfigError(
                f"{LEAST} clips or more must have the label {word} but {len(words)} have; add some, or name another"
            )
        perplexity = min(30.0, (len(words) - 1) / 3)
        places = TSNE(perplexity=perplexity, random_state=0).fit_transform(StandardScaler().fit_transform(features))
        axes = figure.add_subplot(1, len(models), number)
        for label in sorted(set(words)):
            own = places[words == label]
            axes.scatter(own[:, 0], own[:, 1], s=18, label=label)
        axes.set(title=name, xticks=[], yticks=[])
    axes.legend(fontsize=7, title=word)
    return figure


def main(argv: list[str] | None = None) -> int:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="weights of a VATT")
    parser.add_argument("shards", type=Path, help="folder of splits")
    parser.add_argument("output", type=Path, help=".png or .svg")
    parser.add_argument("--split", action="append", required=True, help="held-out clips; may be given again")
    parser.add_argument("--word", default="colour", help="what is coloured: colour or digit of GRID's sentences, or a "
                        "field of the clips such as folder (default colour)")  # fmt: skip
    arguments = parser.parse_args(argv)
    try:
        if arguments.output.suffix not in (".png", ".svg"):
            raise ConfigError(f"figure {arguments.output} must end in .png or .svg; rename it")
        model = zoo.load_as(VATT, arguments.model)
        datasets = [ClipDataset(arguments.shards / split, model=model.config, keep=True) for split in arguments.split]
        figure = draw({"untrained": untrained(model), "trained": model}, datasets, word=arguments.word)
        with atomic_write(arguments.output, force=True) as temporary:
            figure.savefig(temporary, format=arguments.output.suffix[1:], dpi=90)
    except AvseError as error:
        print(f"plot: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
