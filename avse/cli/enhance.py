"""The command `avse-enhance`: a noisy recording and the speaker's video in, clean speech out."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avse.cli.command import add_verbosity, as_usage, log, run, say, visible
from avse.cli.config_file import add_config, with_config
from avse.cli.executor import add_executor_options
from avse.cli.parser import CommandParser
from avse.cli.pipes import piped
from avse.cli.presets import PRESETS, apply_preset
from avse.errors import InputError
from avse.jobs.places import path_or_url
from avse.models.pretrained import DEFAULT_MODEL

if TYPE_CHECKING:
    from avse.cli.enhance_jobs import Planned
    from avse.cli.enhance_urls import UrlPlanned
    from avse.jobs.task import Outcome

EPILOG = """examples:
  avse-enhance noisy.wav --video talk.mp4            audio and video, writes noisy_enhanced.wav
  avse-enhance talk.mp4 -o clean.mp4                 the video's own audio; its video stream is copied untouched
  avse-enhance talk.mp4 -o clean.wav --speaker left  two people: keep the one on the left
  avse-enhance calls/ -o cleaned/ --workers 2        all files of a folder; again, only those that are not done
  avse-enhance calls/ -o cleaned/ --executor ray     the same on a Ray cluster; --shard 1/8 for arrays of jobs
  avse-enhance merge cleaned/*.journal.jsonl         one report of all shares
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 all done, 1 some file failed and the others were done, 2 wrong usage.
    """
    from avse.cli.merge_journals import is_asked_for
    from avse.cli.merge_journals import main as merge

    given = sys.argv[1:] if argv is None else argv
    if is_asked_for(given):
        return merge(given[1:], prog="avse-enhance")
    parser = _parser()
    given = with_config(parser, given)  # which may name a preset
    return run(apply_preset(parser, given), _enhance, given)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-enhance",
        description="Make speech clean with the help of the speaker's video.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("inputs", nargs="*", type=path_or_url, metavar="INPUT", help="noisy audio file, video file, or folder of them, "
        "or their URL, such as s3://bucket/calls/; - for a wav on standard input")  # fmt: skip
    add("--list", type=Path, metavar="FILE", help="text file that names inputs, one a line")
    add("-o", "--output", type=path_or_url, help="audio or video file to write; for several inputs a folder "
        "(default: beside the input, with _enhanced in the name); - for a wav on standard output")  # fmt: skip
    add("--video", type=Path, help="video of the speaker in time with the audio; for several inputs a folder of "
        "videos of the same names (default: the input's own video)")  # fmt: skip
    add("--audio-only", action="store_true", help="do not look at any video frame")
    add("--speaker", default="auto", help="whose voice: auto (at each time the one whose mouth moves with the audio), "
        "largest, left, right, top, bottom, top-left and the like, a number as avse-faces lists them, x,y as shares of "
        "the frame, or a photograph; each writes a file for every face that speaks, and who spoke when (default: auto)"
    )  # fmt: skip
    add("--offset-ms", default="0", help="how late the video comes after the audio, or auto to find it out by the "
        "lips, as avse-sync does (default: 0)")  # fmt: skip
    add("--detector", "--face-detector", default="auto", metavar="NAME_OR_FILE", help="cascade, blazeface, auto, or "
        "YuNet's ONNX or BlazeFace's TFLite file (default: auto)")  # fmt: skip
    add("--model", help=f"a name that avse-models lists, weights or an ONNX graph (default: {DEFAULT_MODEL})")
    add("--preset", choices=list(PRESETS), help="call: the largest face, noise at most 24 dB lower; interview: an "
        "output for each person; video: noise at most 12 dB lower, the video's delay found by the lips; other options "
        "win")  # fmt: skip
    add_config(parser)
    add("--device", default="cpu", help="cpu, cuda, cuda:1, mps (default: cpu)")
    add("--mix", type=float, default=1.0, help="0 gives the input back, 1 the enhanced audio only (default: 1)")
    add("--atten-lim-db", type=float, help="lower the noise by at most this much (default: no limit)")
    add("--loudness", default="keep", metavar="LUFS", help="integrated loudness of the output by BS.1770, such as -16 "
        "or -23, with true peaks below -1 dBTP; keep: speech as loud as in the input (default: keep)")  # fmt: skip
    add("--audio-track", default="1", metavar="N", help="audio track of a video file to enhance, from 1, or all; the "
        "others are copied (default: 1)")  # fmt: skip
    add("--bitrate", metavar="RATE", help="bits a second of the output's audio where its codec is lossy, such as 96k "
        "(default: as the input, at least 64k a channel)")  # fmt: skip
    add("--save-noise", type=Path, metavar="FILE", help="audio file, for several inputs a folder: what was taken away")
    add("--save-mouth", type=Path, metavar="FILE", help="video file, for several inputs a folder: the mouth as the "
        "model sees it")  # fmt: skip
    add("--preview", type=Path, metavar="MP4", help="video file, for several inputs a folder: the chosen face's box, "
        "when it speaks, and the waveforms before and after")  # fmt: skip
    add("--workers", type=int, help="files enhanced at the same time (default: 1, on Ray one for each core)")
    add_executor_options(parser)
    add("--force", action="store_true", help="replace files that exist, and do again what is done")
    add("--resume", action=argparse.BooleanOptionalAction, default=None, help="skip files whose output was made from "
        "the same input by the same model and options (default: for folders and several inputs)")  # fmt: skip
    add("--dry-run", action="store_true", help="print what would be written, and write nothing")
    add("--json", action="store_true", help="print the results as JSON")
    add_verbosity(parser)
    return parser


def _enhance(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        return _enhance_files(options, stack)


def _enhance_files(options: argparse.Namespace, stack: ExitStack) -> int:
    with as_usage():
        from avse.cli.enhance_jobs import check_options, plan
        from avse.cli.enhance_plan import dry_run, summary
        from avse.cli.enhance_urls import plan_urls, wants_urls
        from avse.cli.executor import check_executor_options, journal_path
        from avse.cli.input_list import read_list
        from avse.jobs.share import parse_share, share_of

        check_executor_options(options)
        check_options(options)
        if options.list is not None:
            options.inputs = [*options.inputs, *read_list(options.list)]
        if not options.inputs:
            raise InputError("an input must be given but none is; name files, a folder, or --list FILE")
        by_url = wants_urls(options)
        stack.enter_context(piped(options))
        planned: Sequence[Planned | UrlPlanned] = plan_urls(options) if by_url else plan(options)
        planned = share_of(planned, parse_share(options.shard))
        journal = journal_path(options, None if by_url else _folder_of(planned), name="avse-enhance")
    if options.dry_run:
        return dry_run(planned, options)
    factory = "avse.enhance.url_work:url_worker" if by_url else "avse.enhance.work:enhance_worker"
    rows: list[dict[str, Any]] = []
    n_failed = n_skipped = 0
    for one, outcome in _outcomes(planned, options, factory=factory, journal_at=journal):
        if outcome is not None and outcome.error is not None:
            n_failed += 1
            where = f"{outcome.host}: " if options.executor == "ray" else ""
            log.error("%s%s", where, _named(outcome.error, one.audio))
            rows.append({"audio": one.audio, "output": None, "error": outcome.error})
        elif outcome is None or outcome.result is None or outcome.result["skipped"] or not outcome.n_attempts:
            n_skipped += 1
            log.info("%s is done already", one.output)
            rows.append({"audio": one.audio, "output": one.output, "skipped": True, "error": None})
        else:
            rows += _written(outcome.result["results"], options)
    if options.json:
        say(json.dumps(rows, indent=1, default=str))
    elif n_skipped:
        say(f"{n_skipped} of {len(planned)} files skipped: done already by the same model and options")
    if len(planned) > 1 and not options.json and not options.quiet:
        say(summary(rows))
    return 1 if n_failed else 0


def _named(error: str, audio: str) -> str:
    """An error that names its input."""
    return error if Path(audio).name in error else f"input {audio} was not enhanced: {error}"


def _written(results: list[dict[str, Any]], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for result in results:
        for warning in result["warnings"]:
            log.warning("%s: %s", Path(result["audio"]).name, warning)
        if not options.json:
            say(_line(result))
        yield {**result, "error": None}


def _folder_of(planned: "Sequence[Any]") -> Path | None:
    """Where the outputs lie, if there is one place."""
    return Path(planned[0].output).parent if planned else None


def _outcomes(
    planned: "Sequence[Planned | UrlPlanned]", options: argparse.Namespace, *, factory: str, journal_at: Path | None
) -> "Iterator[tuple[Planned | UrlPlanned, Outcome | None]]":
    """All files, each with what became of it; None if it was done before."""
    from avse.cli.enhance_run import outcomes_of

    left = [one for one in planned if not one.is_done]
    outcomes = outcomes_of([one.task() for one in left], options, factory=factory, journal_at=journal_at)
    for one in planned:
        yield one, None if one.is_done else next(outcomes)
    for _ in outcomes:  # to its end, where the report is written
        pass


def _line(result: dict[str, Any]) -> str:
    how, share = "audio-only", result["video_fraction"]
    if result["faces"] is not None and share > 0:
        how = f"video used for {100 * share:.0f} % of frames ({result['faces']['chosen']})"
    return visible(f"{result['output']}: {result['duration_s']:.1f} s enhanced in {result['wall_s']:.1f} s; {how}")


def entry() -> None:
    """Run as a module."""
    raise SystemExit(main())


if __name__ == "__main__":
    entry()
