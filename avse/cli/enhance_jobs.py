"""From the arguments of `avse-enhance` to one job for each file."""

import argparse
import re
from pathlib import Path

from avse.enhance.file import Job
from avse.enhance.stream import Mixing
from avse.errors import InputError
from avse.faces.choice import read_choice
from avse.media.suffixes import AUDIO, VIDEO, WRITABLE, WRITTEN_INSTEAD

BIT_RATES = (8_000, 2_000_000)
"""Bits a second that may be asked for."""
MAX_TRACKS = 999


def check_options(options: argparse.Namespace) -> None:
    """Refuse what no file could satisfy.

    Raises:
        InputError: a value is out of range, or two flags contradict each other.
    """
    read_choice(options.speaker)
    audio_track(options.audio_track)
    bit_rate(options.bitrate)
    if options.workers < 1:
        raise InputError(f"--workers must be at least 1 but is {options.workers}; give the number of processes")
    if options.audio_only and (options.video or options.save_mouth):
        raise InputError("--audio-only must stand without --video and --save-mouth but does not; drop one of them")


def audio_track(text: str) -> int | None:
    """Index of an audio track from its number as people count; None for all.

    Raises:
        InputError: it is neither a number from 1 nor `all`.
    """
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_TRACKS:
        raise InputError(f"--audio-track must be a number from 1 or all but is {text!r}; choose a track")
    return int(text) - 1


def bit_rate(text: str | None) -> int | None:
    """Bits a second from a number, perhaps with a `k` for thousands.

    Raises:
        InputError: it is no such number, or out of the range of any codec.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,7})(k?)", text.lower())
    rate = int(found[1]) * (1000 if found[2] else 1) if found else 0
    low, high = BIT_RATES
    if not low <= rate <= high:
        raise InputError(f"--bitrate must be {low} to {high} bits a second but is {text!r}; try 96k")
    return rate


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
            audio_track=audio_track(options.audio_track),
            bit_rate=bit_rate(options.bitrate),
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
        if file.suffix.lower() in (*VIDEO, *AUDIO) and not file.stem.endswith("_enhanced") and file.is_file()
    ]
    if not media:
        raise InputError(f"folder {path} must hold sound files or films but holds none; name another")
    return media


def _output(path: Path, given: Path | None, *, several: bool) -> Path:
    # What cannot be written in its own format, such as .aac, becomes what is nearest.
    suffix = path.suffix.lower()
    suffix = path.suffix if suffix in (*VIDEO, *WRITABLE) else WRITTEN_INSTEAD.get(suffix, ".wav")
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
    films = [given / f"{path.stem}{suffix}" for suffix in VIDEO]
    found = next((film for film in films if film.is_file()), None)
    if found is None:
        raise InputError(f"--video {given} must hold a film of {path.stem} but does not; add {path.stem}.mp4")
    return found


def _beside(given: Path | None, name: str, *, several: bool) -> Path | None:
    if given is None or not (several or given.is_dir()):
        return given
    return given / name
