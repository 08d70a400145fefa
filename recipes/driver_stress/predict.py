"""Stress over time of a drive, or of a table of one's own.

`python -m recipes.driver_stress.predict MODEL DRIVE -o OUT.csv`
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avse.drives.drive import Drive, load_drive
from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write, check_output
from avse.models import zoo
from avse.models.driver_stress import DriverStress, DriverStressConfig
from avse.report.csv_cells import inert
from recipes.driver_stress.infer import probabilities, windows_for
from recipes.driver_stress.own_table import Mapped, drive_of_table, sample
from recipes.driver_stress.windows import Levels, calibrated

FIGURES = (".png", ".svg", ".pdf")


def main(argv: list[str] | None = None) -> int:
    """Write a line for each window, and figures if they are asked for."""
    arguments = _parser().parse_args(argv)
    try:
        for path in filter(None, (arguments.plot, arguments.page)):
            if path.suffix not in FIGURES:
                raise ConfigError(f"figure {path} must end in .png, .svg or .pdf; rename it")
        mapped = Mapped(_columns(arguments.column), tuple(arguments.without))
        model = zoo.load_as(DriverStress, arguments.model)
        if arguments.sample:
            print(sample(model.config))
            return 0
        if arguments.drive is None or arguments.output is None:
            raise ConfigError("a drive and -o must be named but are not; --sample shows what a table must look like")
        for path in filter(None, (arguments.output, arguments.plot, arguments.page)):
            check_output(path, force=arguments.force)
        _predict(model, arguments, mapped)
    except AvseError as error:
        print(f"predict: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("model", type=Path, help="weights that a training wrote (model.safetensors)")
    add("drive", type=Path, nargs="?", help="drive that a preparation wrote (.safetensors), or a table (.csv, .csv.gz)")
    add("-o", "--output", type=Path, help="table: start_s, end_s, level, probabilities")
    add("--plot", type=Path, help="figure of the same (.png, .svg, .pdf)")
    add("--page", type=Path, help="one page: signals, probabilities over time, predicted level (.png, .svg, .pdf)")
    add("--sample", action="store_true", help="print what a table for this network must look like, and end")
    add("--column", action="append", default=[], metavar="CHANNEL=COLUMN", help="the table's column of a channel, "
        "if it has another name: 'hand_gsr=EDA', 'ecg_mv=Lead II [V]'; may be repeated")  # fmt: skip
    add("--without", action="append", default=[], metavar="CHANNEL", help="it was not measured; may be repeated")
    add("--force", action="store_true", help="replace files that exist")
    return parser


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        channel, is_pair, column = pair.partition("=")
        if not (is_pair and channel and column):
            raise ConfigError(f"--column must be CHANNEL=COLUMN but is {pair!r}; correct it")
        columns[channel] = column
    return columns


def _predict(model: DriverStress, arguments: argparse.Namespace, mapped: Mapped) -> None:
    config = model.config
    drive = _drive(arguments.drive, config, mapped)
    if config.calibration_s:
        drive = calibrated(drive, seconds=round(config.calibration_s))
    windows = windows_for(model, drive)
    predicted = probabilities(model, windows)
    _write(arguments.output, predicted, config, force=arguments.force)
    _draw(arguments, drive, config, predicted, windows.levels)


def _drive(path: Path, config: DriverStressConfig, mapped: Mapped) -> Drive:
    if not path.name.lower().endswith((".csv", ".csv.gz")):
        if mapped != Mapped():
            raise ConfigError(f"--column and --without are for tables but {path} is none; drop them")
        return load_drive(path)
    drive, notes = drive_of_table(path, config, mapped)
    for note in notes:
        print(f"predict: {note}", file=sys.stderr)
    return drive


def _write(path: Path, predicted: npt.NDArray[np.float64], config: DriverStressConfig, *, force: bool) -> None:
    with atomic_write(path, force=force) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["start_s", "end_s", "level", *(f"p_{level}" for level in config.levels)])
        for number, row in enumerate(predicted):
            times = [f"{config.window_s * number:g}", f"{config.window_s * (number + 1):g}"]
            writer.writerow([*times, inert(config.levels[int(row.argmax())]), *(f"{p:.4f}" for p in row)])


def _draw(
    arguments: argparse.Namespace,
    drive: Drive,
    config: DriverStressConfig,
    predicted: npt.NDArray[np.float64],
    levels: Levels,
) -> None:
    from recipes.driver_stress.stress_figures import save, stress_trace

    if arguments.plot:
        figure = stress_trace(predicted, levels, window_s=config.window_s, title=drive.id)
        save(figure, arguments.plot, force=arguments.force)
    if arguments.page:
        from recipes.driver_stress.stress_page import stress_page

        save(stress_page(drive, config, predicted, levels), arguments.page, force=arguments.force)


if __name__ == "__main__":
    sys.exit(main())
