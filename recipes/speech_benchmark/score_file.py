"""A file of scores: a line of JSON for each mixture, kept as it comes, so that a killed run resumes where it was.

Each line says by a key what it was made from. Lines of other weights, files or settings are never used again.
"""

import glob
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from avse.media.output import atomic_write
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
        self, output: Path, *, keys: Mapping[str, str], enhanced: Path | None = None, share: tuple[int, int] = (1, 1)
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

    def _parts(self) -> list[Path]:
        """Of this run and of all shares."""
        shares = self.output.parent.glob(f"{glob.escape(self.output.name)}.*-of-*.part")
        return sorted({self.part, *shares})

    def _same(self, path: Path) -> list[Row]:
        rows = _read_lines(path) if path.is_file() else []
        return [
            row
            for row in rows
            if MADE_FROM in row and row[MADE_FROM] == self.keys.get(row["id"]) and "failed" not in row
        ]

    def keep(self, rows: Iterable[Row]) -> None:
        """Write rows of an unfinished output, so that the next run continues from them."""
        with atomic_write(self.part, force=True) as temporary:
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
        with self.part.open("a", encoding="utf-8") as file:
            for row in more:
                file.write(_lines([self._keyed(row)]))
                file.flush()
                done[row["id"]] = row
        rows = [done[mixture.id] for mixture in mixtures]
        if self.is_share:
            return rows
        with atomic_write(self.output, force=True) as temporary:
            temporary.write_text(_lines(map(self._keyed, rows)), encoding="utf-8")
        for path in self._parts():
            path.unlink(missing_ok=True)
        return rows

    def _keyed(self, row: Row) -> Row:
        return stamped({**row, MADE_FROM: self.keys[row["id"]]})


def _read_lines(path: Path) -> list[Row]:
    """Lines up to the first that was cut off."""
    lines: list[Row] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(current(json.loads(line), source=path))
        except json.JSONDecodeError:
            break
    return lines


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
