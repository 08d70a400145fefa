"""A report's parts, put together once and written as Markdown and as HTML."""

import os.path
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from avse.report.formats import markdown_table

Lines = list[list[str]]


class Heading(NamedTuple):
    """A heading."""

    text: str
    level: int = 2


class Table(NamedTuple):
    """A table; the first line is its heading."""

    lines: Lines


class FigureFile(NamedTuple):
    """A figure in a file, with what it shows."""

    path: Path
    caption: str


class Points(NamedTuple):
    """A list."""

    lines: list[str]


Part = Heading | Table | FigureFile | Points | str
"""Text alone is a paragraph, in which `this` is something typed."""


def to_markdown(parts: Sequence[Part], *, folder: Path) -> str:
    """Write parts as Markdown.

    Args:
        parts: in order.
        folder: of the file; figures lie in it or below.
    """
    return "\n\n".join(_markdown(part, folder) for part in parts) + "\n"


def _markdown(part: Part, folder: Path) -> str:
    match part:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Table(lines):
            # A bar or a line's end in a name or a reason would tear the table.
            return markdown_table([[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines])
        case FigureFile(path, caption):
            return f"![{caption}]({Path(os.path.relpath(path, folder)).as_posix()})\n\n{caption}"
        case Points(lines):
            return "\n".join(f"- {line}" for line in lines)
        case _:
            return part
