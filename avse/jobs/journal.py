"""The journal of a run: an append-only file, one line of JSON for each job that was done.

Each line is written by one system call on a file opened for appending, so that several runs may share a journal and a
kill at any moment costs at most the line that was being written, which readers skip.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from avse.errors import ConfigError, MediaError
from avse.jobs.task import JsonDict, Outcome

FORMAT = 1
"""Of the lines; stands in the first one."""


class Entry(NamedTuple):
    """A line of a journal."""

    id: str
    key: str
    """Of everything that the result depends on."""
    error: str | None
    """None if the job was done."""
    seconds: float
    host: str
    result: JsonDict
    """Of the job; empty if it failed."""

    @property
    def is_done(self) -> bool:
        """True unless the job failed."""
        return self.error is None


class Contents(NamedTuple):
    """What a journal holds."""

    command: str
    options: JsonDict
    """Of the run, by which journals of other options are refused."""
    entries: dict[str, Entry]
    """The last of each job, by its id."""
    n_broken: int
    """Lines that a kill cut off."""


class Journal:
    """Appends to a journal. A context manager."""

    def __init__(self, path: Path, *, command: str, options: Mapping[str, Any]) -> None:
        """Open a journal to continue it, or begin one.

        Args:
            path: the file; missing folders are made.
            command: that writes it.
            options: JSON-able; everything that all results depend on.

        Raises:
            ConfigError: it is the journal of another command or other options, or no journal.
            MediaError: it cannot be written.
        """
        self.path = path
        plain: JsonDict = json.loads(json.dumps(dict(options), default=str))
        self.entries: dict[str, Entry] = {}
        is_new = not path.exists() or path.stat().st_size == 0
        if not is_new:
            found = read_journal(path)
            _check_same(found, path, command=command, options=plain)
            self.entries = found.entries
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        except OSError as error:
            raise MediaError(f"journal {path} must be writable but is not ({error.strerror}); name another") from None
        if is_new:
            self._append({"journal": FORMAT, "command": command, "options": plain})
        elif not _ends_in_newline(path):
            self._write(b"\n")  # a kill cut the last line off: the next one must not continue it

    def write(self, outcome: Outcome, *, result: JsonDict | None = None) -> Entry:
        """Note what became of a job.

        Args:
            outcome: of the job.
            result: what is kept of its result; all of it by default.
        """
        entry = entry_of(outcome)._replace(result=(outcome.result or {}) if result is None else result)
        self._append({**entry._asdict(), "time": round(time.time(), 3)})
        self.entries[entry.id] = entry
        return entry

    def _append(self, row: JsonDict) -> None:
        self._write((json.dumps(row) + "\n").encode())

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            raise MediaError(
                f"journal {self.path} must be writable but is not ({error.strerror}); make room and run the same "
                "command again"
            ) from None

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        with suppress(OSError):
            os.close(self._file)


def entry_of(outcome: Outcome) -> Entry:
    """The line of a job."""
    seconds, result = round(outcome.seconds, 4), outcome.result or {}
    return Entry(outcome.task.id, outcome.task.key, outcome.error, seconds, outcome.host, result)


def read_journal(path: Path) -> Contents:
    """Read a journal; lines that a kill cut off are counted and skipped.

    Raises:
        ConfigError: it is missing, or no journal.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ConfigError(f"journal {path} must be readable but is not ({error.strerror}); name another") from None
    head = _parsed(lines[0]) if lines else None
    if head is None or head.get("journal") != FORMAT:
        raise ConfigError(f"journal {path} must be one that avse wrote but is not; name another")
    rows = list(_entries(lines[1:]))
    entries = {row.id: row for row in rows if row is not None}
    return Contents(str(head.get("command")), dict(head.get("options", {})), entries, rows.count(None))


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Options that differ, each as `name was A but is B`."""
    return [
        f"{name} was {one.get(name)!r} but is {other.get(name)!r}"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    ]


def _check_same(found: Contents, path: Path, *, command: str, options: JsonDict) -> None:
    if found.command != command:
        raise ConfigError(f"journal {path} must be one of {command} but is of {found.command}; name another")
    if different := differences(found.options, options):
        raise ConfigError(
            f"journal {path} must be of the same options but {'; '.join(different[:3])}; name another journal"
        )


def _entries(lines: list[str]) -> Iterator[Entry | None]:
    for line in lines:
        if not line.strip():
            continue
        row = _parsed(line)
        if row is not None and "journal" in row:
            continue  # two runs that began it at once
        try:
            yield Entry(**{name: row[name] for name in Entry._fields}) if row is not None else None
        except KeyError:
            yield None


def _parsed(line: str) -> JsonDict | None:
    with suppress(ValueError):
        row = json.loads(line)
        return row if isinstance(row, dict) else None
    return None


def _ends_in_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
