"""What a WFDB header asks for, compared with the files that are there before memory is taken."""

from pathlib import Path
from typing import Any

from avse.errors import MediaError
from avse.media.limits import MAX_HEADER_BYTES, MAX_TABLE_VALUES

BYTES_PER_SAMPLE = {"8": 1.0, "16": 2.0, "24": 3.0, "32": 4.0, "61": 2.0, "80": 1.0, "160": 2.0, "212": 1.5,
                    "310": 4 / 3, "311": 4 / 3}  # fmt: skip
"""By the format's number (`signal(5)` of the WFDB library); the others are compressed."""


def check_record(record: Path) -> None:
    """Validate a record's header.

    Args:
        record: path without a suffix; its header exists.

    Raises:
        MediaError: the header is too large, names files of another folder, or asks for more than there is.
    """
    header = record.with_name(record.name + ".hea")
    if header.stat().st_size > MAX_HEADER_BYTES:
        raise MediaError(f"header {header} must be at most {MAX_HEADER_BYTES // 1024} KiB but is larger; check it")
    import wfdb

    parsed: Any = wfdb.rdheader(str(record.absolute()))
    if isinstance(parsed, wfdb.MultiRecord):
        raise MediaError(f"record {record} must be of one segment but has several; join them first")
    n_values = (parsed.sig_len or 0) * sum(parsed.samps_per_frame or [])
    if n_values > MAX_TABLE_VALUES:
        raise MediaError(
            f"record {record} must hold at most {MAX_TABLE_VALUES} samples but its header says {n_values}; "
            "cut it, or check the header"
        )
    for name in set(parsed.file_name or []):
        _check_file(record, parsed, name)


def _check_file(record: Path, parsed: Any, name: str) -> None:
    if Path(name).name != name:
        raise MediaError(f"record {record} must lie in one folder but its header names {name!r}; check the header")
    path = record.with_name(name)
    signals = [i for i, file in enumerate(parsed.file_name) if file == name]
    per_frame = sum(parsed.samps_per_frame[i] * BYTES_PER_SAMPLE.get(parsed.fmt[i], 0.0) for i in signals)
    needed = int((parsed.sig_len or 0) * per_frame)
    there = path.stat().st_size if path.is_file() else 0
    if there < needed:
        raise MediaError(
            f"record {record} must hold {needed} bytes in {name}, as its header says, but there are {there}; "
            "copy it again"
        )
