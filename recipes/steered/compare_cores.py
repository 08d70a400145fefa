"""Audio cores on equal mixtures: `python -m recipes.steered.compare_cores WEIGHTS ... --manifest M --audio A`.

The mixtures are those that a run of the same seed is validated by: voices and noises that training has not heard. With
`--by-noise-type` as many are made in every type of noise, for types that have few recordings hardly count in a mean.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from avse.errors import AvseError
from avse.models import zoo
from avse.models.gtcrn import Gtcrn
from avse.report.document import markdown_table
from avse.training.loop_config import LoopConfig
from recipes.steered.config import CoreTrainConfig
from recipes.steered.core import validate
from recipes.steered.data import load_by_noise_type, load_dataset

METRICS = {"pesq_wb": "PESQ-WB", "estoi": "ESTOI", "si_sdr_db": "SI-SDR, dB", "level_db": "level, dB"}


def table(weights: list[Path], config: CoreTrainConfig) -> list[list[str]]:
    """A row of means for each weights file, in the order of `METRICS`, after a row of headings."""
    rows = [["core", "parameters", *METRICS.values()]]
    for path in weights:
        core = zoo.load_as(Gtcrn, path).eval()
        dataset = load_dataset(config, split="valid", sample_rate=core.config.sample_rate)
        means = validate(core, dataset=dataset, config=config)
        rows.append([_name(path), f"{zoo.count_parameters(core):,}", *(f"{means[metric]:.3f}" for metric in METRICS)])
    return rows


def noise_types_table(weights: list[Path], config: CoreTrainConfig) -> list[list[str]]:
    """A row for each type of noise and one of their means, a column of PESQ, ESTOI and SI-SDR for each weights file."""
    cores = [zoo.load_as(Gtcrn, path).eval() for path in weights]
    datasets = load_by_noise_type(config, sample_rate=cores[0].config.sample_rate)
    scores = {
        name: np.array([_in_order(validate(core, dataset=dataset, config=config)) for core in cores])
        for name, dataset in datasets.items()
    }
    scores["mean over types"] = np.mean(list(scores.values()), axis=0)
    rows = [["PESQ-WB / ESTOI / SI-SDR, dB", *map(_name, weights)]]
    return rows + [[name, *(f"{p:.2f} / {e:.3f} / {s:.1f}" for p, e, s in row)] for name, row in scores.items()]


def _in_order(means: dict[str, float]) -> list[float]:
    return [means[metric] for metric in ("pesq_wb", "estoi", "si_sdr_db")]


def _name(path: Path) -> str:
    return path.parent.name if path.stem == "model" else path.stem


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 if something cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, nargs="+", help="weights files of cores")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest of all recordings")
    parser.add_argument("--audio", type=Path, required=True, help="folder of the recordings as 16-bit samples")
    parser.add_argument("--seed", type=int, default=1, help="of the mixtures; default 1")
    parser.add_argument("--n-mixtures", type=int, help="default 60, or 4 of each type of noise")
    parser.add_argument("--by-noise-type", action="store_true", help="a row for each type of noise")
    arguments = parser.parse_args(argv)
    n_mixtures = arguments.n_mixtures or (4 if arguments.by_noise_type else 60)
    config = CoreTrainConfig(
        folder=Path(), manifest=arguments.manifest, audio=arguments.audio, n_valid=n_mixtures,
        loop=LoopConfig(seed=arguments.seed),
    )  # fmt: skip
    try:
        tabulate = noise_types_table if arguments.by_noise_type else table
        print(markdown_table(tabulate(arguments.weights, config)))
    except AvseError as error:
        print(f"compare_cores: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
