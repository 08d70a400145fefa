"""What frozen encoders of other models are worth: `python -m recipes.recognition.transfer OUT.md --folder F ...`.

One modality, several encoders, several labellings: each pair is an evaluation of `recipes.recognition.evaluate` with
the same small network on top, so that a table shows what the encoder's training adds to its architecture.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from avse.errors import ConfigError
from avse.report.document import Part, Table, to_markdown
from avse.training.run import Run, describe_software
from recipes import result_file
from recipes.paired_tests import holm, sign_flip_p
from recipes.recognition.evaluate import EvaluateConfig
from recipes.recognition.evaluate import main as evaluate
from recipes.recognition.features import CLEAN
from recipes.recognition.fit import FitConfig
from recipes.recognition.scores import Comparison, read_comparison, show
from recipes.recognition.systems import MAJORITY
from recipes.training import program


@dataclass(frozen=True)
class TransferConfig:
    """A comparison of encoders."""

    folder: Path
    """Where the evaluations go."""
    output: Path
    """The table."""
    videos: Path
    """Folder of labelled recordings."""
    tables: tuple[Path, ...]
    """CSV of each task; its name is the task's."""
    crops: Path | None = None
    """Folder of mouth crops by id."""
    modality: str = "lips"
    """That the encoders read."""
    encoders: tuple[str, ...] = ("untrained", "avdcnn", "live", "lip_cue")
    """To compare; the first one is what the others are compared with."""
    command: str = ""
    """What a reader types to get the table."""
    note: str = ""
    """What a reader must know before the numbers."""
    n_seeds: int = 3
    """Trainings of the network on top."""
    fit: FitConfig = field(default_factory=FitConfig)
    """Of the network on top."""


def main(config: TransferConfig) -> None:
    """Evaluate what is missing, and write the table."""
    found: dict[str, dict[str, Comparison]] = {}
    for table in config.tables:
        found[table.stem] = {}
        for encoder in config.encoders:
            folder = config.folder / table.stem / encoder.replace("/", "_").replace(":", "_")
            one = EvaluateConfig(
                folder, config.videos, labels=table, crops=config.crops, modalities={config.modality: encoder},
                n_seeds=config.n_seeds, fit=config.fit, final="",
            )  # fmt: skip
            evaluate(one)
            found[table.stem][encoder] = read_comparison(folder)
    Run(config.folder / "table", config=config)
    result_file.write(config.output, to_markdown(parts_of(found, config), folder=config.output.parent))


def parts_of(found: dict[str, dict[str, Comparison]], config: TransferConfig) -> list[Part]:
    """The file's paragraphs."""
    names = [encoder.partition(":")[0] for encoder in config.encoders]
    if len(set(names)) < len(names):
        raise ConfigError("encoders must be of different kinds but two are of one; compare them in two tables")
    accuracy = [["accuracy, 95 % interval", "n", *names, MAJORITY]]
    gains, ps = [], []
    for task, by_encoder in found.items():
        units = {e: c.units(CLEAN, config.modality) for e, c in by_encoder.items()}
        first = by_encoder[config.encoders[0]]
        majority = first.units(CLEAN, MAJORITY)
        cells = [show(units[encoder]) for encoder in config.encoders]
        accuracy.append([task, str(len(first.first.labels)), *cells, f"{majority.mean():.3f}"])
        for encoder, name in zip(config.encoders[1:], names[1:], strict=True):
            difference = units[encoder] - units[config.encoders[0]]
            gains.append([f"{task}: {name} over {names[0]}", show(difference, signed=True)])
            ps.append(sign_flip_p(list(np.asarray(difference))))
    lines = [["", "difference in accuracy, 95 % interval", "p (Holm)"]]
    lines += [[*row, f"{p:.3f}"] for row, p in zip(gains, holm(ps), strict=True)]
    software = describe_software()
    title = f"Encoders of {config.modality}: what each model's training is worth to another task"
    return [
        *result_file.head(title, command=config.command, note=config.note),
        f"Frozen encoders, the same network on top, {config.n_seeds} trainings each; commit {software['commit']}, "
        f"{software['device']}, torch {software['torch']}. `untrained`: the cue network's encoder with random weights.",
        Table(accuracy),
        Table(lines),
    ]


if __name__ == "__main__":
    sys.exit(program(main, TransferConfig))
