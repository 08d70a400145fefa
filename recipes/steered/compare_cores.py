"""Audio cores on equal mixtures: `python -m recipes.steered.compare_cores WEIGHTS ... --manifest M --audio A`.

The mixtures are those that a run of the same seed is validated by: voices and noises that training has not heard.
"""

import argparse
import sys
from pathlib import Path

from avse.errors import AvseError
from avse.models import zoo
from avse.models.gtcrn import Gtcrn
from avse.report.document import markdown_table
from avse.training.loop_config import LoopConfig
from recipes.steered.config import CoreTrainConfig
from recipes.steered.core import validate
from recipes.steered.data import load_dataset

METRICS = {"pesq_wb": "PESQ-WB", "estoi": "ESTOI", "si_sdr_db": "SI-SDR, dB", "level_db": "level, dB"}


def table(weights: list[Path], config: CoreTrainConfig) -> list[list[str]]:
    """A row of means for each weights file, in the order of `METRICS`, after a row of headings."""
    rows = [["core", "parameters", *METRICS.values()]]
    for path in weights:
        core = zoo.load_as(Gtcrn, path).eval()
        dataset = load_dataset(config, split="valid", sample_rate=core.config.sample_rate)
        means = validate(core, dataset=dataset, config=config)
        name = path.parent.name if path.stem == "model" else path.stem
        rows.append([name, f"{zoo.count_parameters(core):,}", *(f"{means[metric]:.3f}" for metric in METRICS)])
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 if something cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, nargs="+", help="weights files of cores")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest of all recordings")
    parser.add_argument("--audio", type=Path, required=True, help="folder of the recordings as 16-bit samples")
    parser.add_argument("--seed", type=int, default=1, help="of the mixtures; default 1")
    parser.add_argument("--n-mixtures", type=int, default=60, help="default 60")
    arguments = parser.parse_args(argv)
    config = CoreTrainConfig(
        folder=Path(), manifest=arguments.manifest, audio=arguments.audio, n_valid=arguments.n_mixtures,
        loop=LoopConfig(seed=arguments.seed),
    )  # fmt: skip
    try:
        print(markdown_table(table(arguments.weights, config)))
    except AvseError as error:
        print(f"compare_cores: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
