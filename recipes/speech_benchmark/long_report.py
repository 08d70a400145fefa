"""Print what a model's scores of long videos say: `python -m recipes.speech_benchmark.long_report FOLDER ...`.

FOLDER is that of `recipes.speech_benchmark.long_scores`.
"""

import argparse
import sys
from pathlib import Path

from avse.errors import AvseError
from avse.report.document import Heading, Part, to_markdown
from recipes.speech_benchmark.long_results import LongResults, read_long_results
from recipes.speech_benchmark.long_tables import bad_table, level_table, with_video_table
from recipes.speech_benchmark.long_targets import target_table
from recipes.speech_benchmark.mouths import BAD
from recipes.speech_benchmark.target_config import LongTargets, read_targets


def long_part(results: LongResults, *, name: str = "live", targets: LongTargets | None = None) -> list[Part]:
    """The section on long videos, as parts of a report; without targets it has no table of them."""
    asked: list[Part] = []
    if targets:
        asked = [Heading(f"{name}: targets on long videos", 3), target_table(results, targets)]
    parts: list[Part] = [
        Heading(f"Long videos: {name}"),
        "Clips of one person joined to 20 and 60 s, and generated talkers of 8, 20 and 60 s (synthetic), in plain "
        "noise (noise), among one or three other talkers (talkers), with the target silent for some segments of 3 "
        "s while another talks (silence), with the face gone for some segments (leaving), and with another "
        "person's face in them (cut). PESQ-WB and ESTOI: means over the segments of 3 s; SI-SDR and level of the "
        "speech, by projection on the clean speech: of the whole video. A video is below audio-only where SI-SDR "
        "is lower by more than 0.2 dB or PESQ by more than 0.02.",
        *asked,
        Heading(f"{name}: with video against audio-only", 3),
        *(with_video_table(results, split) for split in results.splits()),
        Heading(f"{name}: level of the speech over time", 3),
        "Change against the clean speech in the segment that begins at each time; means over videos.",
        *(level_table(results, length_s) for length_s in results.lengths_s("noise", "talkers")),
    ]
    tried = [split for split in results.splits() if results.tried(BAD[0], results.of(split, "noise", "talkers"))]
    if tried:
        parts += [
            Heading(f"{name}: bad video", 3),
            "Frozen, 0.2 s late, of a stranger, with the lips covered for the second second of every three, and of a "
            "face 40 pixels wide; videos up to 20 s in noise and among talkers.",
            *(bad_table(results, split) for split in tried),
        ]
    return parts


def main(argv: list[str] | None = None) -> int:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--videos", type=Path, required=True, help="list of long videos")
    parser.add_argument("--noisy", type=Path, required=True, help="scores of the noisy input, long_noisy.jsonl")
    parser.add_argument("--name", default="live", help="of the model (default: %(default)s)")
    parser.add_argument("--targets", type=Path, help="targets.yaml of the corpus; without it there is no table of them")
    arguments = parser.parse_args(argv)
    try:
        targets = read_targets(arguments.targets).long if arguments.targets else None
        results = read_long_results(arguments.videos, noisy=arguments.noisy, folder=arguments.folder)
    except AvseError as error:
        print(f"long_report: error: {error}", file=sys.stderr)
        return 1
    print(to_markdown(long_part(results, name=arguments.name, targets=targets), folder=arguments.folder), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
