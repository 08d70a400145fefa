"""Which outputs at URLs were made from what: a small file beside each, for object stores cannot append to a list."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from avse.jobs import urls
from avse.media.made import State


class UrlMade:
    """The record of one output, in a hidden folder beside it."""

    def __init__(self, url: str, *, folder: str) -> None:
        """Name an output.

        Args:
            url: of the output, which appears when it is whole.
            folder: name of the hidden folder.
        """
        self._url = url
        parent, _, name = url.rpartition("/")
        self._record = f"{parent}/{folder}/{name}.json"

    def state(self, key: str) -> State:
        """What is known of the output, given what it is to be made from.

        Raises:
            MediaError: that cannot be found out.
        """
        row = self._read()
        if row is None or row.get("key") != key:
            return State.NEW
        now = urls.identity(self._url)
        if "made" in row:
            return State.DONE if now is not None and now == row["made"] else State.NEW
        if now is None:
            return State.BEGUN
        return State.DONE if now != row.get("before") else State.NEW

    def begin(self, key: str) -> None:
        """Note that the output is about to be made."""
        self._write({"key": key, "before": urls.identity(self._url)})

    def finish(self, key: str) -> None:
        """Note that it was made."""
        self._write({"key": key, "made": urls.identity(self._url)})

    def put(self, path: Path, key: str) -> None:
        """Put a file as the output, and note what it was made from.

        Raises:
            MediaError: it cannot be written.
        """
        self.begin(key)
        urls.put(path, self._url)
        self.finish(key)

    def _read(self) -> dict[str, Any] | None:
        content = urls.read_bytes(self._record)
        with suppress(ValueError):
            row = json.loads(content or b"null")
            return row if isinstance(row, dict) else None
        return None

    def _write(self, row: dict[str, Any]) -> None:
        urls.write_bytes(self._record, json.dumps(row).encode())
