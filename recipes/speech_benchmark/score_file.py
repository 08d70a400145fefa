"""A file of scores: a line of JSON for each mixture, kept as it comes, so that a killed run resumes where it was."""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from avse.media.output import atomic_write

Row = dict[str, Any]


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
        enhanced: folder of the scored files; None is the noisy input.
        metrics: names of metrics.
    """

    def __init__(self, output: Path, *, enhanced: Path | None, metrics: Sequence[str]) -> None:
        self.output = output
        self.enhanced = enhanced
        self.metrics = list(metrics)
        self.part = output.with_name(f"{output.name}.part")

    @cached_property
    def newest(self) -> int:
        """When the last of the enhanced files was written, in ns, as they lay at first; 0 if there is none.

        Found once: a file that changes while others are scored then differs from what the lines say they are about.
        """
        files = self.enhanced.glob("*.wav") if self.enhanced else ()
        return max((path.stat().st_mtime_ns for path in files), default=0)

    def kept(self) -> list[Row]:
        """Lines of the output that hold: complete, of these metrics, and made after the files.

        What failed is tried again, for a file or a package that was missing may be there now.
        """
        if not self.output.is_file() or self.output.stat().st_mtime_ns < self.newest:
            return []
        whole = {"id", *self.metrics}
        return [row for row in _read_lines(self.output) if set(row) - {"note"} == whole]

    def begun(self) -> list[Row]:
        """Lines that need not be scored again: what holds, and what a killed run left if it was about the same."""
        left = _read_lines(self.part) if self.part.is_file() else []
        return [*self.kept(), *(left[1:] if left and left[0] == self._heading() else [])]

    def keep(self, rows: Iterable[Row]) -> None:
        """Write rows of an unfinished output, so that the next run continues from them."""
        with atomic_write(self.part, force=True) as temporary:
            temporary.write_text(_lines([self._heading(), *rows]), encoding="utf-8")

    def write(self, begun: Sequence[Row], more: Iterable[Row], *, mixtures: Sequence[Named]) -> list[Row]:
        """Write lines as they come, and then the whole.

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
                file.write(_lines([row]))
                file.flush()
                done[row["id"]] = row
        rows = [done[mixture.id] for mixture in mixtures]
        with atomic_write(self.output, force=True) as temporary:
            temporary.write_text(_lines(rows), encoding="utf-8")
        self.part.unlink()
        return rows

    def _heading(self) -> Row:
        """What lines in the making are about; scores from before the last file was written are of others."""
        return {"metrics": self.metrics, "enhanced": str(self.enhanced), "newest": self.newest}


def _read_lines(path: Path) -> list[Row]:
    """Lines up to the first that was cut off."""
    lines: list[Row] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
