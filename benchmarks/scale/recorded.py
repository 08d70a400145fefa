"""What the other programs measured, read from the document of results that they write."""

import re
from pathlib import Path
from typing import NamedTuple

UNITS = "Unit costs"
FEEDING = "Data for training: the live model fed from shards"


class RecordedError(Exception):
    """The results lack a number."""


class Costs(NamedTuple):
    """Of one core of the machine that measured them."""

    enhance: float
    """Core-hours that an hour of 720p video takes."""
    gb_an_hour: float
    """Of such video."""
    example_s: float
    """To make one training example of the live model."""
    step_s: float
    """To train it on 16 examples."""
    sources: list[str]
    """The command and commit of each section, as the document has them."""


def read_costs(results: Path) -> Costs:
    """Read the sections of `benchmarks.scale.unit_costs` and `benchmarks.scale.feeding`.

    Raises:
        RecordedError: a section or a number of it is missing.
    """
    text = results.read_text(encoding="utf-8") if results.is_file() else ""
    units, feeding = _section(text, UNITS, results), _section(text, FEEDING, results)
    return Costs(
        enhance=_number(units, r"\| enhance, video 720p \| ([\d.]+) \|", "enhance, video 720p", UNITS),
        gb_an_hour=_number(units, r"720p\.mp4 ([\d.]+) MB", "720p.mp4", UNITS) / 1000,
        example_s=_number(feeding, r"\| time of a core that an example takes, ms \| ([\d.]+) \|", "an example", FEEDING)
        / 1000,
        step_s=_number(feeding, r"\| time of a core that a step takes, s \| ([\d.]+) \|", "a step", FEEDING),
        sources=[_made(section) for section in (units, feeding)],
    )


def _section(text: str, title: str, results: Path) -> str:
    found = re.search(rf"<!-- {re.escape(title)} -->\n(.*?)<!-- end of {re.escape(title)} -->", text, re.DOTALL)
    if found is None:
        raise RecordedError(f"results {results} must have a section {title!r} but have none; measure it first")
    return found[1]


def _number(section: str, pattern: str, name: str, title: str) -> float:
    found = re.search(pattern, section)
    if found is None:
        raise RecordedError(f"section {title!r} must give {name} but does not; measure it again")
    return float(found[1])


def _made(section: str) -> str:
    lines = [line for line in section.splitlines() if line.startswith("`python -m ")]
    return ", ".join(lines[-1].split(", ")[:2]) if lines else "an unknown command"
