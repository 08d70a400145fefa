"""A report's parts, put together once and written as Markdown or as one HTML page that needs nothing beside it."""

import os.path
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from avse.extras import require
from avse.report.views import data_address

Lines = list[list[str]]
KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
"""Of figures, by suffix."""


class Heading(NamedTuple):
    """A heading."""

    text: str
    level: int = 2


class Remark(NamedTuple):
    """A paragraph in small print."""

    text: str


class Table(NamedTuple):
    """A table; the first line is its heading."""

    lines: Lines
    has_roles: bool = False
    """Lines of the enhanced file and of the gain stand out."""


class FigureFile(NamedTuple):
    """A figure in a file, with what it shows."""

    path: Path
    caption: str


class Points(NamedTuple):
    """A list."""

    lines: list[str]


class View(NamedTuple):
    """An image, and perhaps a player below it, as data addresses."""

    name: str
    image: str
    alt: str
    audio: str | None = None


class Article(NamedTuple):
    """One recording to see and hear; on pages only."""

    title: str
    remark: str
    views: list[View]
    lines: Lines | None = None
    """A small table beside the views."""


Part = Heading | Remark | Table | FigureFile | Points | Article | str
"""Text alone is a paragraph, in which `this` is something typed."""


def to_markdown(parts: Sequence[Part], *, folder: Path) -> str:
    """Write parts as Markdown; articles are skipped.

    Args:
        parts: in order.
        folder: of the file; figures lie in it or below.
    """
    return "\n\n".join(_markdown(part, folder) for part in parts if not isinstance(part, Article)) + "\n"


def to_page(parts: Sequence[Part], *, title: str) -> str:
    """Write parts as one HTML page.

    Args:
        parts: in order; figures are read from their files.
        title: of the page.

    Raises:
        MissingExtraError: the extra `report` is not installed.
    """
    require("report", thing="the HTML report")
    import jinja2

    environment = jinja2.Environment(loader=jinja2.PackageLoader("avse.report", "."), autoescape=True)
    return environment.get_template("document.html.j2").render(title=title, parts=[_html(part) for part in parts])


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """A table; the first line is its heading."""
    rule = ["---"] + ["---:"] * (len(lines[0]) - 1)
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _markdown(part: Part, folder: Path) -> str:
    match part:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Remark(text):
            return text
        case Table(lines):
            # A bar or a line's end in a name or a reason would tear the table.
            return markdown_table([[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines])
        case FigureFile(path, caption):
            return f"![{caption}]({Path(os.path.relpath(path, folder)).as_posix()})\n\n{caption}"
        case Points(lines):
            return "\n".join(f"- {line}" for line in lines)
        case _:
            return str(part)


def _html(part: Part) -> dict[str, Any]:
    """What the template shows: a kind, and its fields."""
    match part:
        case Table(lines, has_roles):
            return {"kind": "table", "lines": [[_typed(c) for c in line] for line in lines], "has_roles": has_roles}
        case FigureFile(path, caption):
            address = data_address(path.read_bytes(), KINDS[path.suffix])
            return {"kind": "figure", "address": address, "caption": caption}
        case Points(lines):
            return {"kind": "points", "lines": [_typed(line) for line in lines]}
        case str():
            return {"kind": "text", "text": _typed(part)}
        case _:
            return {"kind": type(part).__name__.lower(), **part._asdict()}


def _typed(text: str) -> Any:
    """Text in which `this` is something typed."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))
