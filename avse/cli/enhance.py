"""The command `avse-enhance`: a noisy recording and the speaker's video in, clean speech out."""

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avse.cli.command import add_verbosity, as_usage, log, run, say, show_progress, visible
from avse.cli.parser import CommandParser
from avse.cli.pipes import piped
from avse.cli.presets import PRESETS, apply_preset
from avse.errors import AvseError, reason_of

if TYPE_CHECKING:
    from avse.cli.enhance_jobs import Planned
    from avse.enhance.file import EnhanceResult, Job

EPILOG = """examples:
  avse-enhance noisy.wav --video talk.mp4            audio and video, writes noisy_enhanced.wav
  avse-enhance talk.mp4 -o clean.mp4                 the video's own audio; its video stream is copied untouched
  avse-enhance talk.mp4 -o clean.wav --speaker left  two people: keep the one on the left
  avse-enhance calls/ -o cleaned/ --workers 2        all files of a folder; again, only those that are not done
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 all done, 1 some file failed and the others were done, 2 wrong usage.
    """
    parser = apply_preset(_parser(), argv)
    return run(parser, _enhance, argv)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-enhance",
        description="Make speech clean with the help of the speaker's video.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("inputs", nargs="+", type=Path, metavar="INPUT", help="noisy audio file, video file, or folder of them; "
        "- for a wav on standard input")  # fmt: skip
    add("-o", "--output", type=Path, help="audio or video file to write; for several inputs a folder "
        "(default: beside the input, with _enhanced in the name); - for a wav on standard output")  # fmt: skip
    add("--video", type=Path, help="film of the speaker in time with the sound; for several inputs a folder of "
        "films of the same names (default: the input's own picture)")  # fmt: skip
    add("--audio-only", action="store_true", help="do not look at any picture")
    add("--speaker", default="auto", help="whose voice: auto (at each time the one whose mouth moves with the audio), "
        "largest, left, right, top, bottom, top-left and the like, a number as avse-faces lists them, x,y as shares of "
        "the frame, or a photograph; each writes a file for every face that speaks, and who spoke when (default: auto)"
    )  # fmt: skip
    add("--offset-ms", default="0", help="how late the video comes after the audio, or auto to find it out by the "
        "lips, as avse-sync does (default: 0)")  # fmt: skip
    add("--detector", "--face-detector", default="auto", metavar="NAME_OR_FILE", help="cascade, blazeface, auto, or "
        "YuNet's ONNX or BlazeFace's TFLite file (default: auto)")  # fmt: skip
    add("--model", default=None, help="live, avdcnn, or a file of weights or an ONNX graph (default: live)")
    add("--preset", choices=list(PRESETS), help="call: the largest face, noise at most 24 dB lower; interview: an "
        "output for each person; video: noise at most 12 dB lower, the video's delay found by the lips; other options "
        "win")  # fmt: skip
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
    add("--workers", type=int, default=1, help="files enhanced at the same time (default: 1)")
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

        check_options(options)
        stack.enter_context(piped(options))
        planned = plan(options)
    if options.dry_run:
        return dry_run(planned, options)
    n_failed = 0
    rows: list[dict[str, Any]] = []
    for one, results in _results(planned, options):
        if isinstance(results, str):
            n_failed += 1
            log.error("%s", results)
            rows.append({"audio": str(one.job.audio), "output": None, "error": results})
            continue
        if results is None:
            log.info("%s is done already", one.job.output)
            rows.append({"audio": str(one.job.audio), "output": str(one.job.output), "skipped": True, "error": None})
            continue
        for result in results:
            for warning in result.warnings:
                log.warning("%s: %s", result.audio.name, warning)
            rows.append(_row(result))
            if not options.json:
                say(_line(result))
    n_skipped = sum(one.is_done for one in planned)
    if options.json:
        say(json.dumps(rows, indent=1, default=str))
    elif n_skipped:
        say(f"{n_skipped} of {len(planned)} files skipped: done already by the same model and options")
    if len(planned) > 1 and not options.json and not options.quiet:
        say(summary(rows))
    return 1 if n_failed else 0


def _results(
    planned: list["Planned"], options: argparse.Namespace
) -> Iterator[tuple["Planned", "list[EnhanceResult] | str | None"]]:
    """All jobs, each with its results, the text of its error, or None if it was done before."""
    left = [one for one in planned if not one.is_done]
    results = _run(left, options)
    for one in planned:
        if one.is_done:
            yield one, None
            continue
        with as_usage():  # the model or the detector cannot be loaded: no file was begun
            result = next(results)
        if not isinstance(result, str):
            one.finish()
        yield one, result


def _run(planned: list["Planned"], options: argparse.Namespace) -> Iterator["list[EnhanceResult] | str"]:
    jobs = [one.job for one in planned]
    for one in planned:
        one.begin()
    if options.workers == 1 or len(jobs) <= 1:
        worker = None
        for job in jobs:
            worker = worker or _Worker(options, progress=show_progress(options))
            yield worker(job)
        return
    from avse.workers import in_parallel

    yield from in_parallel(partial(_work, options=options), jobs, n_jobs=options.workers, lost=_lost)


class _Worker:
    """Holds the loaded model of one process."""

    def __init__(self, options: argparse.Namespace, *, progress: bool) -> None:
        from avse.enhance.enhancer import DEFAULT_MODEL, Enhancer
        from avse.faces.detectors import load_detector

        self.enhancer = Enhancer.load(options.model or DEFAULT_MODEL, device=options.device)
        self.detector = load_detector(options.detector)
        self.progress = progress

    def __call__(self, job: "Job") -> "list[EnhanceResult] | str":
        from avse.cli.progress import stage_bars
        from avse.enhance.each import EACH, enhance_each
        from avse.enhance.file import enhance_file

        try:
            with stage_bars(visible(job.audio.name), disable=not self.progress) as progress:
                if job.speaker == EACH:
                    return enhance_each(self.enhancer, job, detector=self.detector, progress=progress)
                return [enhance_file(self.enhancer, job, detector=self.detector, progress=progress)]
        except Exception as error:  # noqa: BLE001 - whatever one file does to a decoder, the others are done
            log.debug("traceback of %s", job.audio, exc_info=not isinstance(error, AvseError))
            return reason_of(error, thing=f"input {job.audio}")


_worker: _Worker | None = None


def _work(job: "Job", *, options: argparse.Namespace) -> "list[EnhanceResult] | str":
    global _worker  # noqa: PLW0603 - a pool gives its processes no other place for what they hold
    _worker = _worker or _Worker(options, progress=False)
    return _worker(job)


def _lost(job: "Job", error: AvseError) -> str:
    return f"input {job.audio} was not enhanced: {error}"


def _row(result: "EnhanceResult") -> dict[str, Any]:
    import dataclasses

    return {**dataclasses.asdict(result), "error": None}


def _line(result: "EnhanceResult") -> str:
    how = "by sound alone"
    if result.faces is not None and result.picture_fraction > 0:
        how = f"with the picture for {100 * result.picture_fraction:.0f} % of the time ({result.faces.chosen})"
    return visible(f"{result.output}: {result.duration_s:.1f} s enhanced in {result.wall_s:.1f} s {how}")


def entry() -> None:
    """Run as a module."""
    raise SystemExit(main())


if __name__ == "__main__":
    entry()
