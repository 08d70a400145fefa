"""Which files of a folder were made from what, so that a run that is repeated skips what is done and nothing else."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

Identity = list[int] | None
"""Size and time of a file, by which it is known again; None where there is none."""


class State(Enum):
    """What is known of the outputs of a job."""

    NEW = "new"
    """Nothing: files that exist are somebody else's."""
    BEGUN = "begun"
    """The job was begun and not finished: files that exist are its own."""
    DONE = "done"
    """All are there, as the same job left them."""


def fingerprint(path: Path | None) -> Any:
    """What tells a file from its later versions: name, size and time; None where there is no file."""
    identity = None if path is None else _identity(path)
    return None if path is None else [path.name, identity]


def digest(path: Path) -> str | None:
    """Hash of a file's content, None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError:
        return None


def key_of(facts: Mapping[str, Any]) -> str:
    """A short name for everything that a result depends on.

    Args:
        facts: JSON-able.
    """
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


class Made:
    """The list that a folder keeps in a hidden file, a line of JSON for what was begun and for what was finished.

    A line that a kill cut off counts for nothing. The outputs must appear by a rename, as `avse.media.output` does it:
    one that is there after its job was begun, and was not before, is complete.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        """Read the list of a folder.

        Args:
            folder: where it lies.
            name: of the hidden file.
        """
        self._path = folder / name
        self._rows: dict[tuple[str, ...], dict[str, Any]] = {}
        for row in _read(self._path):
            self._rows[tuple(row["outputs"])] = row

    def state(self, key: str, outputs: Sequence[Path]) -> State:
        """What is known of some outputs, given what they are to be made from; the first of them is always written."""
        row = self._rows.get(self._names(outputs))
        if row is None or row["key"] != key:
            return State.NEW
        now = [_identity(path) for path in outputs]
        if "made" in row:
            return State.DONE if now[0] is not None and now == row["made"] else State.NEW
        appeared = [one is not None and one != before for one, before in zip(now, row["before"], strict=True)]
        if all(appeared):
            return State.DONE
        is_own = [one is None or own for one, own in zip(now, appeared, strict=True)]
        return State.BEGUN if all(is_own) else State.NEW

    def knows(self, outputs: Sequence[Path]) -> bool:
        """True if outputs are in the list, whatever they were made from."""
        return self._names(outputs) in self._rows

    def begin(self, key: str, outputs: Sequence[Path]) -> None:
        """Note that outputs are about to be made."""
        self._append({"outputs": self._names(outputs), "key": key, "before": [_identity(path) for path in outputs]})

    def finish(self, key: str, outputs: Sequence[Path]) -> None:
        """Note that they were made."""
        self._append({"outputs": self._names(outputs), "key": key, "made": [_identity(path) for path in outputs]})

    def _names(self, outputs: Sequence[Path]) -> tuple[str, ...]:
        return tuple(os.path.relpath(path, self._path.parent) for path in outputs)

    def _append(self, row: dict[str, Any]) -> None:
        self._rows[tuple(row["outputs"])] = row
        # A folder that cannot hold the list is none to fail for: the next run does its files again.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    rows = []
    for line in lines:
        with suppress(json.JSONDecodeError, TypeError):
            row = json.loads(line)
            if isinstance(row, dict) and {"outputs", "key"} <= row.keys() and row.keys() & {"before", "made"}:
                rows.append(row)
    return rows


def _identity(path: Path) -> Identity:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]
