"""From the arguments of `avse-enhance` to one job for each file."""

import argparse
from pathlib import Path

from avse.enhance.file import Job
from avse.enhance.stream import Mixing
from avse.errors import InputError
from avse.faces.speaker import check_speaker
from avse.media.audio import SOUNDS, WRITABLE

FILMS = (".mp4", ".mkv", ".mov", ".m4v", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".3gp")


def check_options(options: argparse.Namespace) -> None:
    """Refuse what no file could satisfy.

    Raises:
        InputError: a value is out of range, or two flags contradict each other.
    """
    check_speaker(options.speaker)
    if options.workers < 1:
        raise InputError(f"--workers must be at least 1 but is {options.workers}; give the number of processes")
    if options.audio_only and (options.video or options.save_mouth):
        raise InputError("--audio-only must stand without --video and --save-mouth but does not; drop one of them")


def collect_jobs(options: argparse.Namespace) -> list[Job]:
    """Make a job for every input file.

    Raises:
        InputError: a folder holds no media, a film is missing, or two outputs would be the same file.
    """
    inputs = [path for given in options.inputs for path in _media_files(given)]
    several = len(inputs) > 1 or any(path.is_dir() for path in options.inputs)
    mixing = Mixing(mix=options.mix, attenuation_limit_db=options.atten_lim_db)
    jobs = [
        Job(
            audio=path,
            output=_output(path, options.output, several=several),
            video=_video(path, options.video, several=several),
            audio_only=options.audio_only,
            speaker=options.speaker,
            offset_s=options.offset_ms / 1000,
            mixing=mixing,
            save_noise=_beside(options.save_noise, f"{path.stem}_noise.wav", several=several),
            save_mouth=_beside(options.save_mouth, f"{path.stem}_mouth.mp4", several=several),
            force=options.force,
        )
        for path in inputs
    ]
    outputs = [job.output for job in jobs]
    for output in outputs:
        if outputs.count(output) > 1:
            raise InputError(f"every input must have its own output but two would be {output}; rename an input")
    return jobs


def _media_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    media = [
        file
        for file in sorted(path.iterdir())
        if file.suffix.lower() in (*FILMS, *SOUNDS) and not file.stem.endswith("_enhanced") and file.is_file()
    ]
    if not media:
        raise InputError(f"folder {path} must hold sound files or films but holds none; name another")
    return media


def _output(path: Path, given: Path | None, *, several: bool) -> Path:
    # What cannot be written in its own format, such as .m4a, becomes a .wav.
    suffix = path.suffix if path.suffix.lower() in (*FILMS, *WRITABLE) else ".wav"
    if given is None:
        return path.with_name(f"{path.stem}_enhanced{suffix}")
    if several and given.is_file():
        raise InputError(f"output must be a folder for several inputs but {given} is a file; name a folder")
    if several or given.is_dir():
        return given / f"{path.stem}{suffix}"
    return given


def _video(path: Path, given: Path | None, *, several: bool) -> Path | None:
    if given is None or (not several and not given.is_dir()):
        return given
    if not given.is_dir():
        raise InputError(f"--video must be a folder of films for several inputs but is {given}; name their folder")
    films = [given / f"{path.stem}{suffix}" for suffix in FILMS]
    found = next((film for film in films if film.is_file()), None)
    if found is None:
        raise InputError(f"--video {given} must hold a film of {path.stem} but does not; add {path.stem}.mp4")
    return found


def _beside(given: Path | None, name: str, *, several: bool) -> Path | None:
    if given is None or not (several or given.is_dir()):
        return given
    return given / name
