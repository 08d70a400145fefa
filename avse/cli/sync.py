"""The command `avse-sync`: how late a video comes after its audio."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from avse.cli.command import add_verbosity, as_usage, log, run, say, show_progress, visible
from avse.cli.parser import CommandParser
from avse.errors import AvseError, InputError

EPILOG = """examples:
  avse-sync talk.mp4                          the video's own audio
  avse-sync talk.mp4 --audio recording.wav    audio recorded beside it, in time from the first sample
  avse-sync talks/*.mp4 --json                for machines
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 all done, 1 some file could not be read and the others were done, 2 wrong usage.
    """
    return run(_parser(), _sync, argv)


def _sync(options: argparse.Namespace) -> int:
    with as_usage():
        from avse.faces.choice import read_choice
        from avse.faces.detectors import load_detector

        if options.audio and len(options.videos) > 1:
            raise InputError("--audio must stand with one video but there are several; name one")
        read_choice(options.speaker)
        detector = load_detector(options.detector)
    rows = []
    for video in options.videos:
        try:
            row = _row(video, options, detector)
            if not options.json:
                say(visible(_line(row)))
        except AvseError as error:
            log.error("%s", error)
            row = {"file": str(video), "error": str(error)}
        rows.append(row)
    if options.json:
        say(json.dumps(rows, indent=1))
    return 1 if any(row["error"] for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-sync",
        description="Estimate how late a video comes after its audio, by the lips of who speaks.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("videos", nargs="+", type=Path, metavar="VIDEO", help="video file")
    add("--audio", type=Path, help="audio file in place of the video's own audio")
    add("--speaker", default="auto", help="the face to go by, as of avse-enhance (default: the one that is found with "
        "most confidence)")  # fmt: skip
    add("--detector", default="auto", metavar="NAME_OR_FILE", help="as of avse-faces (default: auto)")
    add("--json", action="store_true", help="print the results as JSON")
    add_verbosity(parser)
    return parser


def _row(video: Path, options: argparse.Namespace, detector: Any) -> dict[str, Any]:
    from avse.cli.progress import stage_bars
    from avse.enhance.sync import measure_offset
    from avse.enhance.watch import View, listen, people_in_view
    from avse.faces.choice import read_choice, read_photograph
    from avse.faces.speaker import choose

    listened = listen(options.audio or video)
    with stage_bars(visible(video.name), disable=not show_progress(options)) as progress:
        people, _ = people_in_view(View(video, (32, 48), detector=detector), listened, progress=progress)
    choice, face = read_choice(options.speaker), None
    if choice.kind != "auto" and people.faces:
        photograph = read_photograph(choice.photograph, detector) if choice.photograph else None
        chosen = choose(people, choice, photograph=photograph).report.chosen_index
        face = None if chosen is None else chosen - 1
    sync = measure_offset(people, listened.scorer, face=face)
    offset = sync.offset
    return {
        "file": str(video),
        "offset_ms": None if offset.offset_s is None else round(1000 * offset.offset_s),
        "confidence": round(offset.confidence, 3),
        "confident": offset.is_confident,
        "face": None if sync.face is None else sync.face + 1,
        "n_faces": len(people.faces),
        "words": offset.in_words(),
        "error": None,
    }


def _line(row: dict[str, Any]) -> str:
    if row["face"] is None:
        return f"{row['file']}: {row['words']}"
    sure = "" if row["confident"] else ", not confident enough to be used"
    where = f"face {row['face']} of {row['n_faces']}"
    return f"{row['file']}: {row['words']} (confidence {row['confidence']:.2f}{sure}; {where})"


if __name__ == "__main__":
    sys.exit(main())
