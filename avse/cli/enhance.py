"""The command `avse-enhance`: a noisy recording and the speaker's video in, clean speech out."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avse.errors import AvseError

if TYPE_CHECKING:
    from avse.enhance.file import EnhanceResult, Job

EPILOG = """examples:
  avse-enhance noisy.wav --video talk.mp4            sound and film, writes noisy_enhanced.wav
  avse-enhance talk.mp4 -o clean.mp4                 the film's own sound; the picture is copied untouched
  avse-enhance talk.mp4 -o clean.wav --speaker left  two people: keep the one on the left
  avse-enhance calls/ -o cleaned/ --workers 2        all files of a folder
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 all done, 1 some file failed and the others were done, 2 wrong usage.
    """
    options = _parser().parse_args(argv)
    try:
        from avse.cli.enhance_jobs import check_options, collect_jobs

        check_options(options)
        jobs = collect_jobs(options)
    except AvseError as error:
        print(f"avse-enhance: error: {error}", file=sys.stderr)
        return 2
    try:
        return _report(_run(jobs, options), as_json=options.json)
    except KeyboardInterrupt:
        print("avse-enhance: stopped; unfinished files were removed", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="avse-enhance",
        description="Make speech clean with the help of the speaker's video.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("inputs", nargs="+", type=Path, metavar="INPUT", help="noisy sound file, film, or folder of them")
    add("-o", "--output", type=Path, help="sound file or film to write; for several inputs a folder "
        "(default: beside the input, with _enhanced in the name)")  # fmt: skip
    add("--video", type=Path, help="film of the speaker in time with the sound; for several inputs a folder of "
        "films of the same names (default: the input's own picture)")  # fmt: skip
    add("--audio-only", action="store_true", help="do not look at any picture")
    add("--speaker", default="auto", help="whose voice: auto (at each time the one whose mouth moves with the audio), "
        "largest, left, right, top, bottom, top-left and the like, a number as avse-faces lists them, x,y as shares of "
        "the frame, or a photograph (default: auto)")  # fmt: skip
    add("--offset-ms", type=float, default=0.0, help="how late the picture comes after the sound (default: 0)")
    add("--detector", "--face-detector", default="auto", metavar="NAME_OR_FILE", help="cascade, blazeface, auto, or "
        "YuNet's ONNX or BlazeFace's TFLite file (default: auto)")  # fmt: skip
    add("--model", default=None, help="live, avdcnn, or a file of weights or an ONNX graph (default: live)")
    add("--device", default="cpu", help="cpu, cuda, cuda:1, mps (default: cpu)")
    add("--mix", type=float, default=1.0, help="0 gives the input back, 1 the enhanced sound alone (default: 1)")
    add("--atten-lim-db", type=float, help="lower the noise by at most this much (default: no limit)")
    add("--save-noise", type=Path, metavar="FILE", help="sound file, for several inputs a folder: what was taken away")
    add(
        "--save-mouth",
        type=Path,
        metavar="FILE",
        help="film, for several inputs a folder: the mouth as the model saw it",
    )
    add("--audio-track", default="1", metavar="N", help="audio track of a video file to enhance, from 1, or all; the "
        "others are copied (default: 1)")  # fmt: skip
    add("--bitrate", metavar="RATE", help="bits a second of the output's audio where its codec is lossy, such as 96k "
        "(default: as the input, at least 64k a channel)")  # fmt: skip
    add("--workers", type=int, default=1, help="files enhanced at the same time (default: 1)")
    add("--force", action="store_true", help="replace files that exist")
    add("--json", action="store_true", help="print the results as JSON")
    return parser


def _run(jobs: list["Job"], options: argparse.Namespace) -> Iterator[tuple["Job", "EnhanceResult | str"]]:
    """Do all jobs, each with its result or the text of its error."""
    if options.workers == 1 or len(jobs) == 1:
        work = _Worker(options, quiet=False)
        for job in jobs:
            yield job, work(job)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(
        options.workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(options,)
    ) as pool:
        yield from zip(jobs, pool.map(_work, jobs), strict=True)


class _Worker:
    """Holds the loaded model of one process."""

    def __init__(self, options: argparse.Namespace, *, quiet: bool) -> None:
        from avse.enhance.enhancer import DEFAULT_MODEL, Enhancer
        from avse.faces.detectors import load_detector

        self.enhancer = Enhancer.load(options.model or DEFAULT_MODEL, device=options.device)
        self.detector = load_detector(options.detector)
        self.quiet = quiet

    def __call__(self, job: "Job") -> "EnhanceResult | str":
        from avse.cli.progress import stage_bars
        from avse.enhance.file import enhance_file

        try:
            with stage_bars(job.audio.name, disable=self.quiet) as progress:
                return enhance_file(self.enhancer, job, detector=self.detector, progress=progress)
        except AvseError as error:
            return str(error)


_worker: _Worker


def _start_worker(options: argparse.Namespace) -> None:
    global _worker  # noqa: PLW0603 - a pool gives its processes no other place for what they hold
    import torch

    torch.set_num_threads(max(1, torch.get_num_threads() // options.workers))
    _worker = _Worker(options, quiet=True)


def _work(job: "Job") -> "EnhanceResult | str":
    return _worker(job)


def _report(results: Iterator[tuple["Job", "EnhanceResult | str"]], *, as_json: bool) -> int:
    n_failed = 0
    rows: list[dict[str, Any]] = []
    try:
        for job, result in results:
            if isinstance(result, str):
                n_failed += 1
                print(f"avse-enhance: error: {result}", file=sys.stderr)
                rows.append({"audio": str(job.audio), "output": None, "error": result})
                continue
            for warning in result.warnings:
                print(f"avse-enhance: warning: {result.audio.name}: {warning}", file=sys.stderr)
            rows.append(_row(result))
            if not as_json:
                print(_line(result))
    except AvseError as error:
        # The model or the detector cannot be had: no file was begun.
        print(f"avse-enhance: error: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(rows, indent=1, default=str))
    return 1 if n_failed else 0


def _row(result: "EnhanceResult") -> dict[str, Any]:
    import dataclasses

    return {**dataclasses.asdict(result), "error": None}


def _line(result: "EnhanceResult") -> str:
    how = "by sound alone"
    if result.faces is not None and result.picture_fraction > 0:
        how = f"with the picture for {100 * result.picture_fraction:.0f} % of the time ({result.faces.chosen})"
    return f"{result.output}: {result.duration_s:.1f} s enhanced in {result.wall_s:.1f} s {how}"


def entry() -> None:
    """Run as a module."""
    raise SystemExit(main())


if __name__ == "__main__":
    entry()
