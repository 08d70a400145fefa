"""A drive in, its stress over time out: `python -m recipes.driver_stress.predict MODEL DRIVE -o OUT.csv`."""

import argparse
import csv
import sys
from pathlib import Path

from avse.drives.drive import load_drive
from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.driver_stress import DriverStress
from avse.report.csv_cells import inert
from recipes.driver_stress.infer import probabilities, windows_for
from recipes.driver_stress.windows import calibrated


def main(argv: list[str] | None = None) -> int:
    """Write a line for each window, and a figure if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="weights that a training wrote (model.safetensors)")
    parser.add_argument("drive", type=Path, help="drive that a preparation wrote (.safetensors)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="table: start_s, end_s, level, probabilities")
    parser.add_argument("--plot", type=Path, help="figure of the same (.png, .svg, .pdf)")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    arguments = parser.parse_args(argv)
    try:
        if arguments.plot and arguments.plot.suffix not in (".png", ".svg", ".pdf"):
            raise ConfigError(f"figure {arguments.plot} must end in .png, .svg or .pdf; rename it")
        model = zoo.load_as(DriverStress, arguments.model)
        drive = load_drive(arguments.drive)
        if model.config.calibration_s:
            drive = calibrated(drive, seconds=round(model.config.calibration_s))
        windows = windows_for(model, drive)
        predicted = probabilities(model, windows)
        levels, window_s = model.config.levels, model.config.window_s
        with (
            atomic_write(arguments.output, force=arguments.force) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["start_s", "end_s", "level", *(f"p_{level}" for level in levels)])
            for number, row in enumerate(predicted):
                times = [f"{window_s * number:g}", f"{window_s * (number + 1):g}"]
                writer.writerow([*times, inert(levels[int(row.argmax())]), *(f"{p:.4f}" for p in row)])
        if arguments.plot:
            from recipes.driver_stress.stress_figures import save, stress_trace

            figure = stress_trace(predicted, windows.levels, window_s=window_s, title=drive.id)
            save(figure, arguments.plot, force=arguments.force)
    except AvseError as error:
        print(f"predict: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
