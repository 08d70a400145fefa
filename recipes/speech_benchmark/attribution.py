"""Whom the data of a training run asks to name: `python -m recipes.speech_benchmark.attribution MANIFEST OUT.md`."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from avse.data.manifest import Item, read_manifest
from avse.errors import AvseError
from avse.media.output import atomic_write

UNNAMED = "authors as the corpus names them"


def attribution_text(items: Iterable[Item]) -> str:
    """Every source of the training's recordings by licence, with the number of recordings, as Markdown.

    Args:
        items: of a manifest; those of other splits than `train` taught nothing and are not named.
    """
    counts = Counter((item.licence, item.attribution or UNNAMED) for item in items if item.split == "train")
    by_licence: dict[str, list[tuple[str, int]]] = {}
    for (licence, attribution), count in sorted(counts.items()):
        by_licence.setdefault(licence, []).append((attribution, count))
    lines = [
        "# Attribution",
        "",
        f"Recordings that the weights learned from, {sum(counts.values())} in all, by licence. Pass this list on with",
        "them.",
    ]
    for licence, sources in by_licence.items():
        lines += ["", f"## {licence}", ""]
        lines += [f"- {' '.join(attribution.split())} ({count})" for attribution, count in sources]
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write the list; exit 1 if the manifest cannot be read or the file not written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args(argv)
    try:
        text = attribution_text(read_manifest(arguments.manifest))
        with atomic_write(arguments.output, force=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except AvseError as error:
        print(f"attribution: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
