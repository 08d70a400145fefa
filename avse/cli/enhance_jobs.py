"""From the arguments of `avse-enhance` to one job for each file."""

import argparse
import dataclasses
import math
import re
from pathlib import Path
from typing import Any

from avse.enhance.each import EACH
from avse.enhance.job import Job
from avse.enhance.loudness import read_loudness
from avse.enhance.stream import LONGEST_OFFSET_S, Mixing
from avse.enhance.work import RECORD, job_to_json
from avse.errors import InputError
from avse.faces.choice import read_choice
from avse.jobs.task import Task
from avse.media.made import Made, State, digest, fingerprint, key_of
from avse.media.suffixes import AUDIO, VIDEO, WRITABLE, WRITTEN_INSTEAD, media_files
from avse.models.pretrained import DEFAULT_MODEL, files_of

BIT_RATES = (8_000, 2_000_000)
"""Bits a second that may be asked for."""


@dataclasses.dataclass(frozen=True)
class Planned:
    """A job, and whether it has to be done."""

    job: Job
    key: str
    """Everything that its outputs depend on."""
    is_done: bool
    """By an earlier run."""

    @property
    def audio(self) -> str:
        """The input."""
        return str(self.job.audio)

    @property
    def output(self) -> str:
        """What is written first."""
        return str(self.job.output)

    @property
    def outputs(self) -> list[Path]:
        """Files that the job writes."""
        paths = (self.job.output, self.job.save_noise, self.job.save_mouth, self.job.preview)
        return [path for path in paths if path is not None]

    def task(self) -> Task:
        """For an executor."""
        payload = {"thing": f"input {self.job.audio}", "job": job_to_json(self.job), "key": self.key}
        return Task(str(self.job.output), payload, self.key)


def check_options(options: argparse.Namespace) -> None:
    """Refuse what no file could satisfy.

    Raises:
        InputError: a value is out of range, or two flags contradict each other.
    """
    if options.speaker != EACH:
        read_choice(options.speaker)
    elif options.audio_only or options.audio_track == "all":
        raise InputError(
            "--speaker each must stand without --audio-only and --audio-track all but does not; drop one of them"
        )
    late_s = offset_s(options.offset_ms)
    audio_track(options.audio_track)
    bit_rate(options.bitrate)
    read_loudness(options.loudness)
    check_offset_ms(1000 * (late_s or 0.0))
    if options.audio_only and (options.video or options.save_mouth or options.preview):
        raise InputError(
            "--audio-only must stand without --video, --save-mouth and --preview but does not; drop one of them"
        )


def audio_track(text: str) -> int | None:
    """Index of an audio track from its number as people count; None for all.

    Raises:
        InputError: it is neither a number from 1 nor `all`.
    """
    if text == "all":
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text):
        raise InputError(f"--audio-track must be a number from 1 or all but is {text[:20]!r}; choose a track")
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
        raise InputError(f"--bitrate must be {low} to {high} bits a second but is {text[:20]!r}; try 96k")
    return rate


def check_offset_ms(offset_ms: float) -> None:
    """Refuse an offset between audio and video that is no offset.

    Raises:
        InputError: it is not a finite number, or a minute or more.
    """
    limit_ms = 1000 * LONGEST_OFFSET_S
    if not abs(offset_ms) <= limit_ms:
        raise InputError(f"--offset-ms must be between -{limit_ms:g} and {limit_ms:g} but is {offset_ms:g}; correct it")


def plan(options: argparse.Namespace) -> list[Planned]:
    """Make a job for every input file, and find those that an earlier run has done.

    Raises:
        InputError: a folder holds no media, a video file is missing, or two outputs would be the same file.
    """
    jobs = collect_jobs(options)
    several = len(jobs) > 1 or any(path.is_dir() for path in options.inputs)
    resume = several if options.resume is None else options.resume
    if not resume or options.speaker == EACH:  # what each will write is not known before
        return [Planned(job, "", False) for job in jobs]
    common = common_facts(options)
    lists: dict[Path, Made] = {}
    planned = []
    for job in jobs:
        folder = job.output.parent
        made = lists.setdefault(folder, Made(folder, name=RECORD))
        facts = {**common, "audio": fingerprint(job.audio), "video": fingerprint(job.video)}
        new = Planned(job, key_of(facts), False)
        is_done = not job.force and made.state(new.key, new.outputs) is State.DONE
        planned.append(dataclasses.replace(new, is_done=is_done))
    return planned


def offset_s(text: str) -> float | None:
    """Seconds from milliseconds; None for `auto`.

    Raises:
        InputError: it is neither a number nor `auto`.
    """
    if text == "auto":
        return None
    try:
        seconds = float(text) / 1000
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise InputError(f"--offset-ms must be a number or auto but is {text!r}; give how late the video comes")
    return seconds


def collect_jobs(options: argparse.Namespace) -> list[Job]:
    """Make a job for every input file.

    Raises:
        InputError: a folder holds no media, a video file is missing, or two outputs would be the same file.
    """
    inputs = [path for given in options.inputs for path in _media_files(given)]
    several = len(inputs) > 1 or any(path.is_dir() for path in options.inputs)
    common = job_options(options)
    jobs = [
        Job(
            audio=path,
            output=_output(path, options.output, several=several, each=options.speaker == EACH),
            video=_video(path, options.video, several=several),
            save_noise=_beside(options.save_noise, f"{path.stem}_noise.wav", several=several),
            save_mouth=_beside(options.save_mouth, f"{path.stem}_mouth.mp4", several=several),
            preview=_beside(options.preview, f"{path.stem}_preview.mp4", several=several),
            **common,
        )
        for path in inputs
    ]
    seen: dict[Path, Path] = {}
    for job in jobs:
        if job.output in seen:
            raise InputError(
                f"every input must have its own output but that of {seen[job.output]} and {job.audio} would be "
                f"{job.output}; rename an input"
            )
        seen[job.output] = job.audio
    return jobs


def job_options(options: argparse.Namespace) -> dict[str, Any]:
    """Fields of a `Job` that are the same for all files."""
    return {
        "audio_only": options.audio_only,
        "speaker": options.speaker,
        "offset_s": offset_s(options.offset_ms),
        "mixing": Mixing(mix=options.mix, attenuation_limit_db=options.atten_lim_db),
        "force": options.force,
        "audio_track": audio_track(options.audio_track),
        "bit_rate": bit_rate(options.bitrate),
        "target_lufs": read_loudness(options.loudness),
    }


def common_facts(options: argparse.Namespace) -> dict[str, Any]:
    """What the outputs of all files depend on."""
    from avse import __version__

    names = (
        "audio_only", "speaker", "offset_ms", "detector", "mix", "atten_lim_db", "device", "audio_track", "bitrate",
        "loudness",
    )  # fmt: skip
    return {
        "version": __version__,
        "model": [digest(path) for path in files_of(options.model or DEFAULT_MODEL)],
        "files": [digest(Path(given)) for given in (options.speaker, options.detector)],
        **{name: getattr(options, name) for name in names},
    }


def _media_files(path: Path) -> list[Path]:
    try:
        is_folder = path.is_dir()
    except OSError:  # a name that no file can have is reported as that file's error
        is_folder = False
    if not is_folder:
        return [path]
    media = [file for file in media_files(path, (*VIDEO, *AUDIO)) if not file.stem.endswith("_enhanced")]
    if not media:
        raise InputError(f"folder {path} must hold audio or video files but holds none; name another")
    return media


def output_suffix(path: Path) -> str:
    """Of an input's output: what cannot be written in its own format, such as .aac, becomes what is nearest."""
    suffix = path.suffix.lower()
    return path.suffix if suffix in (*VIDEO, *WRITABLE) else WRITTEN_INSTEAD.get(suffix, ".wav")


def _output(path: Path, given: Path | None, *, several: bool, each: bool = False) -> Path:
    suffix = output_suffix(path)
    if given is None and each:
        return path.with_suffix(".wav")  # the face's index is put before the suffix
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
        raise InputError(f"--video must be a folder of videos for several inputs but is {given}; name their folder")
    videos = [given / f"{path.stem}{suffix}" for suffix in VIDEO]
    found = next((video for video in videos if video.is_file()), None)
    if found is None:
        raise InputError(f"--video {given} must hold a video of {path.stem} but does not; add {path.stem}.mp4")
    return found


def _beside(given: Path | None, name: str, *, several: bool) -> Path | None:
    if given is None or not (several or given.is_dir()):
        return given
    return given / name
