"""Scores of an earlier run of `avse-score`, so that a folder is not scored twice."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from avse.jobs import urls
from avse.jobs.growing import growing, read_text
from avse.jobs.places import Place, Url, fingerprint_of
from avse.jobs.url_made import UrlMade
from avse.media.made import Made, State, key_of
from avse.metrics.hearing import Audiogram
from avse.metrics.score_or_reason import Score
from avse.report.rows import FileScores
from avse.score import Pair, paths_of

RECORDS = ".avse-score"
"""Scores by what they were computed from, and which outputs are this command's own, in the folder of the outputs: a
hidden file `.avse-score.jsonl`, and for URLs a hidden folder."""


class KeptScores:
    """The scores that a folder of outputs keeps in a hidden place, a line of JSON for each file scored."""

    def __init__(
        self,
        folder: Place | None,
        *,
        metrics: Sequence[str],
        audiogram: Audiogram,
        force: bool = False,
        share: tuple[int, int] = (1, 1),
    ) -> None:
        """Read what is kept.

        Args:
            folder: of the outputs; None keeps nothing and knows nothing.
            metrics: names of metrics; other ones give other scores.
            audiogram: of the listener.
            force: forget what is kept.
            share: of this run.

        Raises:
            MediaError: a folder at a URL cannot be read.
        """
        from avse import __version__

        self._facts = {"version": __version__, "metrics": list(metrics), "audiogram": audiogram}
        self._folder, self._own = folder, "{}-of-{}.jsonl".format(*share)
        self._rows = {} if force or folder is None else _by_key(self._texts())
        self._keys: dict[str, str] = {}

    def own(self, outputs: Sequence[Place]) -> bool:
        """True if each output that exists was written by the same command and not touched since."""
        states = [self._state(place) for place in outputs if self._folder is not None and place.exists()]
        return bool(states) and all(state is State.DONE for state in states)

    def known(self, pairs: Sequence[Pair]) -> dict[str, FileScores]:
        """Scores of the pairs whose files are those of then, by id."""
        self._keys = {pair.id: self._key(pair) for pair in pairs}
        return {pair.id: _file_scores(pair, row) for pair in pairs if (row := self._rows.get(self._keys[pair.id]))}

    def keeping(self, rows: Iterable[FileScores]) -> Iterator[FileScores]:
        """The same rows, each written down as it comes; what failed is not, and is tried again.

        Raises:
            MediaError: a place at a URL cannot be written.
        """
        if self._folder is None:
            yield from rows
            return
        with growing(self._place) as kept:
            for row in rows:
                if not row.failures:
                    # A folder that cannot hold the list is none to fail for: the outputs count.
                    with suppress(OSError):
                        kept.write(json.dumps({"key": self._keys[row.id], "scores": _plain(row)}) + "\n")
                yield row

    def finish(self, outputs: Sequence[Place]) -> None:
        """Note that outputs were written."""
        for place in outputs if self._folder is not None else ():
            if isinstance(place, Url):
                UrlMade(place, folder=RECORDS).finish(key_of(self._facts))
            else:
                self._made(place).finish(key_of(self._facts), [place])

    @property
    def _place(self) -> Place:
        """Where this run keeps its scores; two runs that put one file would lose each other's."""
        if isinstance(self._folder, Url):
            return self._folder / RECORDS / self._own
        return (self._folder or Path()) / f"{RECORDS}.jsonl"

    def _texts(self) -> list[str]:
        """What all runs keep."""
        if not isinstance(self._folder, Url):
            return [read_text(self._place)]
        folder = self._folder / RECORDS
        places = urls.list_folder(folder, (".jsonl",)) if folder.is_dir() else []
        return [read_text(Url(place)) for place in places]

    def _state(self, place: Place) -> State:
        key = key_of(self._facts)
        if isinstance(place, Url):
            return UrlMade(place, folder=RECORDS).state(key)
        return self._made(place).state(key, [place])

    def _made(self, path: Path) -> Made:
        """The list that a local output stands in."""
        return Made(self._folder if isinstance(self._folder, Path) else path.parent, name=f"{RECORDS}.jsonl")

    def _key(self, pair: Pair) -> str:
        files = [fingerprint_of(place) for place in (pair.reference, pair.estimate, pair.noisy)]
        return key_of({**self._facts, "files": files, "align": pair.align})


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


def _by_key(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Scores by key; lines that a kill cut off, or that hold something else, are skipped."""
    found: dict[str, dict[str, Any]] = {}
    for line in (line for text in texts for line in text.splitlines()):
        with suppress(json.JSONDecodeError, KeyError, TypeError, AttributeError):
            row = json.loads(line)
            scores = row["scores"]
            if {"estimate", "noisy", "notes"} <= scores.keys():
                found[row["key"]] = scores
    return found
