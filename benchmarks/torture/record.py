"""The document of results: each program of the torture writes its own section."""

import os
import platform
from pathlib import Path

from avse.media.output import atomic_write
from avse.training.run import commit

RESULTS = Path(__file__).parents[1] / "RESULTS.md"
HEAD = "# Benchmarks\n\nEach section is written by the command that it names.\n"


def write_section(title: str, body: str, *, command: str, wall_s: float, results: Path = RESULTS) -> None:
    """Write or replace a section.

    Args:
        title: of the section; the same title is replaced.
        body: Markdown.
        command: that wrote it.
        wall_s: how long that took, seconds.
        results: the document.
    """
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    made = f"`{command}`, commit {commit()}, {machine}, {wall_s / 60:.1f} minutes"
    text = results.read_text(encoding="utf-8") if results.is_file() else HEAD
    start, end = f"<!-- {title} -->\n", f"<!-- end of {title} -->\n"
    section = f"{start}\n## {title}\n\n{body.strip()}\n\n{made}\n\n{end}"
    if start in text:
        before, rest = text.split(start, 1)
        text = before + section + rest.split(end, 1)[1]
    else:
        text = f"{text.rstrip()}\n\n{section}"
    with atomic_write(results, force=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


def table(lines: list[list[str]]) -> str:
    """A Markdown table; the first line is its heading."""
    rule = ["---", *["---:"] * (len(lines[0]) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])
