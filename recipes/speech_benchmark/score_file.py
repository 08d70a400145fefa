"""A file of scores: a line of JSON for each mixture, kept as it comes, so that a killed run resumes where it was.

Each line says by a key what it was made from. Lines of other weights, files or settings are never used again.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from avse.jobs.growing import growing, read_text
from avse.jobs.places import Place, files_in, remove, written
from avse.report.score_schema import current, stamped

Row = dict[str, Any]
MADE_FROM = "made_from"
"""Field of a row that holds its key."""


class Named(Protocol):
    """A mixture, of whatever kind."""

    @property
    def id(self) -> str:
        """As its row is named."""
        ...


class ScoreFile:
    """Scores of one system.

    Args:
        output: JSON lines to write; until they are whole they lie in a file beside it that ends in .part.
        keys: by mixture, a name for all that its scores depend on. Found before anything is scored: a file that changes
            meanwhile then differs from what its line says.
        enhanced: folder of the scored files; None is the noisy input.
        share: which of how many shares this run does. Each writes a part of its own; the run of the only share, `1/1`,
            takes all parts and writes the output.
    """

    def __init__(
        self, output: Place, *, keys: Mapping[str, str], enhanced: Place | None = None, share: tuple[int, int] = (1, 1)
    ) -> None:
        self.output = output
        self.keys = keys
        self.enhanced = enhanced
        index, count = share
        self.is_share = count > 1
        self.part = output.with_name(f"{output.name}.{f'{index}-of-{count}.' if self.is_share else ''}part")

    def kept(self) -> list[Row]:
        """Lines of the output that hold: complete, and made from the same.

        What failed is tried again, for a file or a package that was missing may be there now.
        """
        return self._same(self.output)

    def begun(self) -> list[Row]:
        """Lines that need not be scored again: what holds, and what killed runs and shares left."""
        return [*self.kept(), *(row for path in self._parts() for row in self._same(path))]

    def _parts(self) -> list[Place]:
        """Of this run and of all shares, as many as there are."""
        pattern = re.compile(rf"{re.escape(self.output.name)}\.(\d+-of-\d+\.)?part")
        folder = self.output.parent
        return (
            [place for place in files_in(folder, (".part",)) if pattern.fullmatch(place.name)]
            if folder.is_dir()
            else []
        )

    def _same(self, place: Place) -> list[Row]:
        rows = _read_lines(place)
        return [
            row
            for row in rows
            if MADE_FROM in row and row[MADE_FROM] == self.keys.get(row["id"]) and "failed" not in row
        ]

    def keep(self, rows: Iterable[Row]) -> None:
        """Write rows of an unfinished output, so that the next run continues from them."""
        with written(self.part, force=True) as temporary:
            temporary.write_text(_lines(map(self._keyed, rows)), encoding="utf-8")

    def write(self, begun: Sequence[Row], more: Iterable[Row], *, mixtures: Sequence[Named]) -> list[Row]:
        """Write lines as they come, and then the whole; of a share, its part alone.

        Args:
            begun: lines that were there before.
            more: the others.
            mixtures: in the order of the output.

        Returns:
            All lines.
        """
        done = {row["id"]: row for row in begun}
        # Written again, for the last line may have been cut off when the run before was killed.
        self.keep(done.values())
        with growing(self.part) as text:
            for row in more:
                text.write(_lines([self._keyed(row)]))
                done[row["id"]] = row
        rows = [done[mixture.id] for mixture in mixtures]
        if self.is_share:
            return rows
        with written(self.output, force=True) as temporary:
            temporary.write_text(_lines(map(self._keyed, rows)), encoding="utf-8")
        for place in self._parts():
            remove(place)
        return rows

    def _keyed(self, row: Row) -> Row:
        return stamped({**row, MADE_FROM: self.keys[row["id"]]})


def _read_lines(place: Place) -> list[Row]:
    """Lines up to the first that was cut off; none where there is no file."""
    lines: list[Row] = []
    for line in read_text(place).splitlines():
        try:
            lines.append(current(json.loads(line), source=place))
        except json.JSONDecodeError:
            break
    return lines


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
