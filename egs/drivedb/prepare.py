"""Drives of PhysioNet's drivedb as evenly sampled signals: `python egs/drivedb/prepare.py FOLDER [--source DIR]`."""

import argparse
import csv
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.data.manifest import data_root
from avse.drives.drive import LEVELS, Drive, Segment, as_signal, save_drive
from avse.drives.ecg import find_beats
from avse.drives.heart import Beats, heart_series
from avse.drives.quantities import QUANTITIES
from avse.drives.series import Channel, pick, read_series
from avse.drives.uniform import SeriesReport, Uniform, to_uniform
from avse.errors import AvseError, ConfigError, MediaError
from avse.media.output import atomic_write

RATE_HZ = 4.0
LICENCE = "ODC-BY-1.0"
SAME_AS = {"drive14": "drive13"}
"""Recordings that are in the database twice."""
DRIVERS = {"drive17a": "17", "drive17b": "17"}
"""Drives of one driver; the others have one of their own."""
MODALITIES = {
    "gsr": {"hand_gsr": "hand gsr", "foot_gsr": "foot gsr"},
    "respiration": {"respiration": "resp"},
    "emg": {"emg": "emg"},
}
"""Channels of each modality, and their names in the files."""


class Prepared(NamedTuple):
    """A drive and what was found in it."""

    drive: Drive
    channels: dict[str, SeriesReport]
    notes: list[str]


def prepare(path: Path, *, table: dict[str, list[Segment]]) -> Prepared:
    """Read one drive.

    Args:
        path: `driveNN.csv.gz`, `driveNN.csv` or `driveNN.hea`.
        table: segments by drive, seconds.

    Raises:
        AvseError: it cannot be read.
    """
    name = path.name.partition(".")[0]
    found = read_series(path)
    duration_s = float(np.floor(max(channel.times_s[-1] for channel in found.values())))
    notes = [] if "marker" in found else ["no marker channel; segments come from the table alone"]
    channels: dict[str, SeriesReport] = {}
    beats = _beats(path, found, notes)
    heart = heart_series(beats, rate_hz=RATE_HZ, duration_s=duration_s)
    channels |= {title: uniform.report for title, uniform in heart.items()}
    signals = {"heart": as_signal(heart, rate_hz=RATE_HZ)}
    for modality, names in MODALITIES.items():
        series = {}
        for title, source in names.items():
            series[title] = _even(found.get(source), title, duration_s)
            channels[title] = series[title].report
            if source not in found:
                notes.append(f"no channel {source}")
        signals[modality] = as_signal(series, rate_hz=RATE_HZ)
    segments = _inside(table.get(name, []), duration_s, notes)
    driver = DRIVERS.get(name, name.removeprefix("drive"))
    return Prepared(Drive(name, driver, LICENCE, signals, segments, beats), channels, notes)


def read_segments(path: Path) -> dict[str, list[Segment]]:
    """Segments of each drive from the table of labels.

    Raises:
        ConfigError: there is none, or it lacks a column.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        table: dict[str, list[Segment]] = {}
        for row in rows:
            level = LEVELS.index(row["stress_level"])
            segment = Segment(60 * float(row["start_min"]), 60 * float(row["end_min"]), level)
            table.setdefault(row["drive"], []).append(segment)
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(
            f"segment table {path} must have drive, stress_level ({', '.join(LEVELS)}), start_min and end_min but has "
            f"not ({error}); name another with --segments"
        ) from None
    return table


def records_in(source: Path) -> list[Path]:
    """One file for each drive: the WFDB record where it is whole, for its ECG is finer, else the table.

    Raises:
        ConfigError: there is none.
    """
    chosen: dict[str, Path] = {}
    for pattern in ("drive*.csv", "drive*.csv.gz", "drive*.hea"):
        for path in sorted(source.glob(pattern)):
            if path.suffix != ".hea" or path.with_suffix(".dat").is_file():
                chosen[path.name.partition(".")[0]] = path
    if not chosen:
        raise ConfigError(
            f"source {source} must hold drives (driveNN.csv.gz or driveNN.hea) but holds none; see README"
        )
    return [chosen[name] for name in sorted(chosen)]


def _beats(path: Path, found: dict[str, Channel], notes: list[str]) -> Beats:
    """From the raw ECG where it is fast enough, else from the table of intervals beside it."""
    ecg = found.get("ecg")
    if ecg is not None and path.suffix == ".hea":
        rate_hz = 1 / float(np.median(np.diff(ecg.times_s)))
        beats, n_failed = find_beats(np.nan_to_num(ecg.values), rate_hz=rate_hz)
        if n_failed:
            notes.append(f"no heart beats in {n_failed} pieces of a minute")
        return beats
    intervals = path.parent / "rr" / f"{path.name.partition('.')[0]}_rr.csv.gz"
    if not intervals.is_file():
        notes.append("neither raw ECG nor R-R intervals")
        return np.zeros((0, 2))
    channel = pick(read_series(intervals), "RR_Interval", path=intervals)
    return np.column_stack([channel.times_s, channel.values])


def _even(channel: Channel | None, title: str, duration_s: float) -> Uniform:
    """One channel at the common rate; all masked where it is missing."""
    if channel is None:
        return to_uniform(np.zeros(0), np.zeros(0), rate_hz=RATE_HZ, duration_s=duration_s)
    quantity = QUANTITIES[title]
    values = quantity.prepare(channel.values)
    return to_uniform(channel.times_s, values, rate_hz=RATE_HZ, duration_s=duration_s, limits=quantity.limits)


def _inside(segments: list[Segment], duration_s: float, notes: list[str]) -> tuple[Segment, ...]:
    """The segments as far as the record reaches."""
    kept = []
    for segment in segments:
        if segment.start_s >= duration_s:
            notes.append(f"segment from {segment.start_s:.0f} s skipped: the record ends at {duration_s:.0f} s")
            continue
        if segment.end_s > duration_s:
            notes.append(f"segment to {segment.end_s:.0f} s cut: the record ends at {duration_s:.0f} s")
        kept.append(segment._replace(end_s=min(segment.end_s, duration_s)))
    return tuple(kept)


def main(argv: list[str] | None = None) -> int:
    """Prepare all drives; exit 1 if one could not be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the drives go")
    parser.add_argument("--source", type=Path, help="folder of records (default: physio/drivedb of the data pack)")
    parser.add_argument("--segments", type=Path, help="table of labels (default: segment_labels_derived.csv there)")
    arguments = parser.parse_args(argv)
    failed = 0
    report: dict[str, dict[str, object]] = {}
    try:
        source = arguments.source or data_root() / "physio" / "drivedb"
        table = read_segments(arguments.segments or source / "segment_labels_derived.csv")
        paths = records_in(source)
        names = [path.name.partition(".")[0] for path in paths]
        work = partial(prepare, table=table)
        for name, path in zip(names, paths, strict=True):
            if SAME_AS.get(name) in names:
                print(f"{name}: skipped, for it is the recording {SAME_AS[name]} again", file=sys.stderr)
                continue
            try:
                done = work(path)
            except AvseError as error:
                print(f"prepare: error: {error}", file=sys.stderr)
                failed += 1
                continue
            save_drive(arguments.folder / f"{name}.safetensors", done.drive)
            report[name] = {
                "minutes": round(done.drive.duration_s / 60, 2),
                "notes": done.notes,
                "channels": {title: asdict(about) for title, about in done.channels.items()},
            }
            masked = ", ".join(f"{title} {about.masked_share:.0%}" for title, about in done.channels.items())
            print(
                f"{name}: {len(done.drive.segments)} segments; masked: {masked}", *done.notes, sep="; ", file=sys.stderr
            )
        if not report:
            raise MediaError(f"source {source} must hold a readable drive but holds none; check its files")
        with atomic_write(arguments.folder / "report.json", force=True) as temporary:
            temporary.write_text(json.dumps(report, indent=1), encoding="utf-8")
    except AvseError as error:
        print(f"prepare: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
