"""List mixtures that hardly need enhancing: `python -m recipes.speech_benchmark.quiet_mixtures MIXTURES OUT.jsonl`.

Each clip once, with the first of its noises that is no voice, at 30 dB.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from avse.data.manifest import Mixture, read_mixtures, write_manifest
from avse.errors import AvseError

SNR_DB = 30
VOICES = ("talker", "same_speaker")


def quiet_mixtures(mixtures: list[Mixture]) -> list[Mixture]:
    """One quiet mixture of each clip."""
    first: dict[str, Mixture] = {}
    for mixture in mixtures:
        if not mixture.noise_type.startswith(VOICES):
            first.setdefault(mixture.clip, mixture)
    return [
        replace(mixture, id=f"{clip}__{mixture.noise_type}__+{SNR_DB}dB", snr_db=SNR_DB)
        for clip, mixture in first.items()
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mixtures", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args(argv)
    try:
        write_manifest(arguments.output, quiet_mixtures(read_mixtures(arguments.mixtures)))
    except AvseError as error:
        print(f"quiet: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
