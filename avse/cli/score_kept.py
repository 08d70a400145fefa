"""Scores of an earlier run of `avse-score`, so that a folder is not scored twice."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from avse.media.made import Made, State, fingerprint, key_of
from avse.metrics.hearing import Audiogram
from avse.metrics.score_or_reason import Score
from avse.report.rows import FileScores
from avse.score import Pair, paths_of

RECORD = ".avse-score.jsonl"
"""Scores by what they were computed from, and which outputs are this command's own, in the folder of the outputs."""


class KeptScores:
    """The scores that a folder of outputs keeps in a hidden file, a line of JSON for each file scored."""

    def __init__(
        self, folder: Path | None, *, metrics: Sequence[str], audiogram: Audiogram, force: bool = False
    ) -> None:
        """Read what is kept.

        Args:
            folder: of the outputs; None keeps nothing and knows nothing.
            metrics: names of metrics; other ones give other scores.
            audiogram: of the listener.
            force: forget what is kept.
        """
        from avse import __version__

        self._facts = {"version": __version__, "metrics": list(metrics), "audiogram": audiogram}
        self._path = None if folder is None else folder / RECORD
        self._made = None if folder is None else Made(folder, name=RECORD)
        self._rows: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, str] = {}
        if self._path is not None and not force:
            self._rows = _read(self._path)

    def own(self, outputs: Sequence[Path]) -> bool:
        """True if each output that exists was written by the same command and not touched since."""
        if self._made is None:
            return False
        states = [self._made.state(key_of(self._facts), [path]) for path in outputs if path.exists()]
        return bool(states) and all(state is State.DONE for state in states)

    def known(self, pairs: Sequence[Pair]) -> dict[str, FileScores]:
        """Scores of the pairs whose files are those of then, by id."""
        self._keys = {pair.id: self._key(pair) for pair in pairs}
        return {pair.id: _file_scores(pair, row) for pair in pairs if (row := self._rows.get(self._keys[pair.id]))}

    def keeping(self, rows: Iterable[FileScores]) -> Iterator[FileScores]:
        """The same rows, each written down as it comes; what failed is not, and is tried again."""
        for row in rows:
            if not row.failures:
                self._append({"key": self._keys[row.id], "scores": _plain(row)})
            yield row

    def finish(self, outputs: Sequence[Path]) -> None:
        """Note that outputs were written."""
        if self._made is not None:
            for path in outputs:
                self._made.finish(key_of(self._facts), [path])

    def _key(self, pair: Pair) -> str:
        files = [fingerprint(path) for path in (pair.reference, pair.estimate, pair.noisy)]
        return key_of({**self._facts, "files": files, "align": pair.align})

    def _append(self, row: dict[str, Any]) -> None:
        # A folder that cannot hold the list is none to fail for: the outputs count.
        if self._path is not None:
            with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def _plain(row: FileScores) -> dict[str, Any]:
    roles = {"estimate": row.estimate, "noisy": row.noisy}
    values = {
        role: None if scores is None else {name: score.value for name, score in scores.items()}
        for role, scores in roles.items()
    }
    return {**values, "notes": row.notes}


def _file_scores(pair: Pair, row: dict[str, Any]) -> FileScores:
    estimate, noisy = (
        None if row[role] is None else {name: Score(value) for name, value in row[role].items()}
        for role in ("estimate", "noisy")
    )
    return FileScores(pair.id, estimate or {}, noisy, pair.groups, paths_of(pair), row["notes"])


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Scores by key; lines that a kill cut off, or that hold something else, are skipped."""
    found: dict[str, dict[str, Any]] = {}
    with suppress(OSError, UnicodeDecodeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            with suppress(json.JSONDecodeError, KeyError, TypeError):
                row = json.loads(line)
                scores = row["scores"]
                if {"estimate", "noisy", "notes"} <= scores.keys():
                    found[row["key"]] = scores
    return found
