"""Timestamped sensor tables: WFDB records, and CSV, also compressed."""

import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.drives.wfdb_header import check_record
from avse.errors import AvseError, MediaError, MissingExtraError
from avse.media.limits import MAX_HEADER_BYTES, MAX_TABLE_BYTES, MAX_TABLE_COLUMNS, MAX_TABLE_VALUES

TIME_NAMES = ("elapsed time", "time", "timestamp", "peek timestamp")
"""Names of the column of seconds; without one of them the first column is taken."""


class Channel(NamedTuple):
    """What one sensor gave."""

    name: str
    """Lower case, single spaces, without the unit: `hand gsr`."""
    unit: str
    """As the file has it; empty where it has none."""
    times_s: npt.NDArray[np.float64]
    """`(samples,)` seconds from the start of the record."""
    values: npt.NDArray[np.float64]
    """`(samples,)`, NaN where there is none."""


TIME_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
"""Units of the column of seconds where a table is read strictly, and their seconds."""


def read_series(path: Path, *, strict: bool = False) -> dict[str, Channel]:
    """Read every channel of a record.

    Args:
        path: of a table (`.csv`, `.csv.gz`), or of a WFDB record (`.hea`, or its name without an ending).
        strict: in a table refuse cells that are neither empty nor numbers, and mind the unit of time; otherwise such
            cells are missing values.

    Returns:
        Channels by name, in the file's order; those without a name are skipped.

    Raises:
        MediaError: there is no such file, or it is not such a table, or empty.
        MissingExtraError: pandas or wfdb is not installed.
    """
    if path.name.lower().endswith((".csv", ".csv.gz")):
        return _read_table(path, strict=strict)
    return _read_wfdb(path.with_suffix("") if path.suffix == ".hea" else path)


def pick(channels: dict[str, Channel], name: str, *, path: Path) -> Channel:
    """A channel by its name, however it is spelt in capitals and spaces.

    Raises:
        MediaError: there is none; names what is nearest.
    """
    wanted = tidy(name)[0]
    if wanted in channels:
        return channels[wanted]
    near = difflib.get_close_matches(wanted, channels, n=1)
    advice = f"did you mean {near[0]}?" if near else "correct the name"
    raise MediaError(f"{path} must hold a channel {name!r} but holds {', '.join(channels) or 'none'}; {advice}")


def tidy(title: str) -> tuple[str, str]:
    """Name and unit of a column: `hand GSr(mV)` is `hand gsr` in `mV`."""
    name, unit = title.strip(), ""
    if name.endswith((")", "]")):
        inner = name[:-1]
        after = 1 + max(inner.rfind(")"), inner.rfind("]"))
        starts = [start for start in (inner.find("(", after), inner.find("[", after)) if start >= 0]
        if starts:
            name, unit = inner[: min(starts)].strip(), inner[min(starts) + 1 :]
    return re.sub(r"[\s_]+", " ", name).lower(), unit


def _read_table(path: Path, *, strict: bool) -> dict[str, Channel]:
    try:
        import pandas
    except ImportError:
        raise MissingExtraError(
            "pandas must be installed to read tables but is not; pip install 'avse[stress]'"
        ) from None
    try:
        data = io.BytesIO(_unpacked(path))
        n_columns = _n_columns(path, data)
        n_rows = MAX_TABLE_VALUES // n_columns
        # A file object: pandas would fetch a name such as `http:host`.
        table = pandas.read_csv(data, skipinitialspace=True, encoding="utf-8-sig", nrows=n_rows + 1)
    except (OSError, EOFError, ValueError, zlib.error, OverflowError) as error:
        # pandas' own errors are ValueErrors, and so is text that is not in UTF-8.
        reason = " ".join(str(error).split())[:120]
        raise MediaError(f"{path} must be a table of comma-separated values but is not ({reason}); check it") from None
    if len(table) > n_rows:
        raise MediaError(f"{path} must hold at most {MAX_TABLE_VALUES} values but holds more; cut it into pieces")
    names = [tidy(str(column)) for column in table.columns]
    if not len(table) or len(names) < 2:
        raise MediaError(f"{path} must hold times and a channel but has {len(table)} rows of {len(names)} columns")
    time = next((i for i, (name, _) in enumerate(names) if name in TIME_NAMES), 0)
    columns = []
    for number, title in enumerate(table.columns):
        column = pandas.to_numeric(table[title], errors="coerce").to_numpy(dtype=float)
        odd = np.flatnonzero(table[title].notna().to_numpy() & np.isnan(column))
        if strict and len(odd):
            raise MediaError(
                f"{path} must hold numbers but line {odd[0] + 2} of column {title!r} is "
                f"{str(table[title].iloc[odd[0]])[:40]!r}; correct it or leave it empty"
            )
        if number == time and np.isnan(column).all():
            raise MediaError(f"{path} must hold seconds in its column {title!r} but holds none; name it 'time'")
        columns.append(column)
    times_s = columns[time] * (_seconds(path, names[time][1]) if strict else 1.0)
    return _by_name(
        Channel(name, unit, times_s, values)
        for number, ((name, unit), values) in enumerate(zip(names, columns, strict=True))
        if number != time and not name.startswith("unnamed")
    )


def _seconds(path: Path, unit: str) -> float:
    if unit not in TIME_UNITS:
        raise MediaError(
            f"time of {path} must be in {', '.join(filter(None, TIME_UNITS))} but is in {unit!r}; convert it"
        )
    return TIME_UNITS[unit]


def _unpacked(path: Path) -> bytes:
    is_packed = path.name.lower().endswith(".gz")
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) if is_packed else raw as file:
        data = file.read(MAX_TABLE_BYTES + 1)
    if len(data) > MAX_TABLE_BYTES:
        raise MediaError(
            f"{path} must be at most {MAX_TABLE_BYTES // 2**20} MiB unpacked but is more; cut it into pieces"
        )
    return data


def _n_columns(path: Path, data: io.BytesIO) -> int:
    n_columns = data.readline(MAX_HEADER_BYTES).count(b",") + 1
    data.seek(0)
    if n_columns > MAX_TABLE_COLUMNS:
        raise MediaError(f"{path} must have at most {MAX_TABLE_COLUMNS} columns but has {n_columns}; drop some")
    return n_columns


def _read_wfdb(path: Path) -> dict[str, Channel]:
    try:
        import wfdb
    except ImportError:
        raise MissingExtraError(
            "wfdb must be installed to read records but is not; pip install 'avse[stress]'"
        ) from None
    if not path.with_name(path.name + ".hea").is_file():
        raise MediaError(f"record {path} must have a header {path.name}.hea but has none; check the path")
    try:
        check_record(path)
        # Unsmoothed: every channel at its own rate.
        record = wfdb.rdrecord(str(path.absolute()), smooth_frames=False)
    except Exception as error:
        # wfdb raises errors of many kinds for what it cannot read.
        if isinstance(error, MemoryError | AvseError):
            raise
        reason = " ".join(str(error).split())[:120]
        raise MediaError(f"record {path} must be a readable WFDB record but is not ({reason}); check it") from None
    signals = record.e_p_signal or []
    if not signals:
        raise MediaError(f"record {path} must hold a channel but holds none; check it")
    parts = zip(record.sig_name, record.units, record.samps_per_frame, signals, strict=True)
    return _by_name(
        Channel(tidy(name)[0], unit or "", np.arange(len(values)) / (record.fs * per_frame), values)
        for name, unit, per_frame, values in parts
        if name
    )


def _by_name(channels: Iterable[Channel]) -> dict[str, Channel]:
    return {channel.name: channel for channel in channels}
