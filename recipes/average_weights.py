"""The weighted mean of two models' weights: `python -m recipes.average_weights ONE OTHER OUT --share 0.35`.

Models that were trained on from the same weights with different losses trade one score for another; between them lie
models that have most of both (Wortsman et al. 2022, "Model soups").
"""

import argparse
import sys
from pathlib import Path

import torch

from avse.errors import AvseError, ConfigError
from avse.models import zoo
from avse.models.registry import Model


def average(one: Model, other: Model, *, share: float) -> Model:
    """The first model with its weights moved towards those of the second.

    Args:
        one: is changed, and returned.
        other: of the same kind and sizes.
        share: of the second, 0 to 1.

    Raises:
        ConfigError: the models or their sizes differ.
    """
    if one.name != other.name or one.config != other.config:
        raise ConfigError(
            f"models must be of one kind and size but are {one.name} and {other.name}; name two of a kind"
        )
    mean = {
        name: torch.lerp(tensor, other.state_dict()[name], share) if tensor.is_floating_point() else tensor
        for name, tensor in one.state_dict().items()
    }
    one.load_state_dict(mean)
    return one


def main(argv: list[str] | None = None) -> int:
    """Write the weights; exit 1 if they cannot be averaged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("one", help="name or weights file")
    parser.add_argument("other", help="name or weights file")
    parser.add_argument("output", type=Path, help="weights file to write or replace")
    parser.add_argument("--share", type=float, default=0.5, help="of the second, 0 to 1 (default: %(default)s)")
    arguments = parser.parse_args(argv)
    try:
        if not 0 <= arguments.share <= 1:
            raise ConfigError(f"share must be 0 to 1 but is {arguments.share:g}; choose one between")
        zoo.save(arguments.output, average(zoo.load(arguments.one), zoo.load(arguments.other), share=arguments.share))
    except AvseError as error:
        print(f"average_weights: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
