"""What the runs of all stages have in common."""

import argparse
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CorpusRun:
    """One run of the stages on a corpus."""

    corpus: str
    """Name of its folder."""
    settings: dict[str, Any]
    """Of `corpus.toml`."""
    options: argparse.Namespace
