"""The report as one HTML page that needs nothing beside it: tables, figures, and mixtures to hear."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from avse.report.views import audio_address, data_address, spectrogram_addresses
from recipes.speech_benchmark.experiment.document import FigureFile, Heading, Part, Points, Table
from recipes.speech_benchmark.experiment.items import RATE, Item

KINDS = {".svg": "image/svg+xml", ".png": "image/png"}


def to_html(parts: Sequence[Part], items: Sequence[Item], *, title: str, chosen: str) -> str:
    """Build the page.

    Args:
        parts: of the report, in order; figures are read from their files.
        items: mixtures to hear.
        title: of the page.
        chosen: in words, how the items were.
    """
    loaders = [jinja2.FileSystemLoader(Path(__file__).parent), jinja2.PackageLoader("avse.report", ".")]
    environment = jinja2.Environment(loader=jinja2.ChoiceLoader(loaders), autoescape=True)
    return environment.get_template("experiment.html.j2").render(
        title=title, parts=[_part(part) for part in parts], items=[_item(item) for item in items], chosen=chosen
    )


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Heading(text, level):
            return {"kind": "heading", "text": text, "level": level}
        case Table(lines):
            return {"kind": "table", "lines": [[_typed(cell) for cell in line] for line in lines]}
        case FigureFile(path, caption):
            return {
                "kind": "figure",
                "address": data_address(path.read_bytes(), KINDS[path.suffix]),
                "caption": caption,
            }
        case Points(lines):
            return {"kind": "points", "lines": [_typed(line) for line in lines]}
        case _:
            return {"kind": "text", "text": _typed(part)}


def _typed(text: str) -> Markup:
    """Text in which `this` is something typed."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _item(item: Item) -> dict[str, Any]:
    mixture = item.mixture
    figures = spectrogram_addresses({title: (audio, RATE) for title, audio in item.recordings.items()})
    return {
        "id": mixture.id,
        "groups": f"{mixture.split}, {mixture.noise_type}, {mixture.snr_db:+g} dB",
        "views": [
            {"name": title, "figure": figures[title], "audio": audio_address(audio, RATE)}
            for title, audio in item.recordings.items()
        ],
    }
