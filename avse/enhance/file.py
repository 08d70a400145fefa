"""One file in, one enhanced file out, in bounded memory."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avse.enhance.enhancer import Enhancer
from avse.enhance.stream import EnhancerStream, Mixing
from avse.errors import MediaError
from avse.faces.detect import FaceDetector
from avse.faces.mouth import MouthTrack, track_mouth
from avse.faces.speaker import FaceReport, SoundLevel, check_speaker
from avse.media.ahead import reading_ahead
from avse.media.audio import BLOCK_SAMPLES, WRITABLE, AudioReader, AudioWriter, check_file
from avse.media.limits import MAX_FPS
from avse.media.output import check_output
from avse.media.remux import replace_audio
from avse.media.tags import read_tags
from avse.media.video import (
    VideoFrame,
    VideoReader,
    VideoWriter,
    audio_start_s,
    has_picture,
    n_audio_tracks,
    probe_video,
)
from avse.signal.level import LevelMeter

Waveform = npt.NDArray[np.float32]
Progress = Callable[[str, float, float], None]

MAX_HEIGHT = 480
"""Pixels; larger pictures are shrunk to it while decoding: in it, the mouth of a face of a sixth of the height is as
large as the models need."""
DIFFERENCE_S = 0.5
"""Sound and picture that differ more in length are worth a warning."""
MAGNIFY = 4
"""Times that a saved crop is enlarged, for people to see."""


@dataclass(frozen=True)
class Job:
    """What to do with one file."""

    audio: Path
    """Noisy sound: a sound file, or a container with sound."""
    output: Path
    """A sound file, or a film, which then gets the picture of `video` or `audio`."""
    video: Path | None = None
    """Film of the speaker; None takes the picture of `audio` if it has one."""
    audio_only: bool = False
    """Do not look at any picture."""
    speaker: str = "auto"
    """Whose face, as in `avse.faces.mouth.track_mouth`."""
    offset_s: float = 0.0
    """How late the picture comes after the sound."""
    mixing: Mixing = field(default_factory=Mixing)
    """How much of the input stays."""
    save_noise: Path | None = None
    """Sound file for what was taken away."""
    save_mouth: Path | None = None
    """Film of the mouth crops."""
    force: bool = False
    """Replace files that exist."""
    audio_track: int | None = 0
    """Index of the audio track of `audio` to enhance; the others are copied. None enhances all of them."""
    bit_rate: int | None = None
    """Bits a second of each enhanced track, where it is stored by a lossy codec; by default as the input has it."""


@dataclass(frozen=True)
class EnhanceResult:
    """What was done with one file."""

    audio: Path
    output: Path
    duration_s: float
    sample_rate: int
    """Hz."""
    n_channels: int
    n_samples: int
    """Per channel."""
    model: str
    faces: FaceReport | None
    """None if no picture was looked at."""
    picture_fraction: float
    """Share of the time in which the picture helped, 0 to 1; the rest was enhanced by sound alone."""
    wall_s: float
    warnings: tuple[str, ...]


def enhance_file(
    enhancer: Enhancer,
    job: Job,
    *,
    detector: FaceDetector | None = None,
    progress: Progress = lambda stage, done_s, total_s: None,
) -> EnhanceResult:
    """Enhance one file; the sound passes through in blocks, so its length does not matter.

    Args:
        enhancer: with its model.
        job: what to do.
        detector: finds faces; the bundled cascade by default.
        progress: is told the stage (`watch` or `enhance`), the seconds of the recording done, and all of them.

    Raises:
        MediaError: a file cannot be read or written; nothing is left half-written.
        InputError: the speaker asked for is not there.
    """
    started = time.monotonic()
    _check(job)
    film = _film(job)
    tracks = _tracks(job)
    with AudioReader(job.audio, track=tracks[0]) as reader:
        meter = LevelMeter(sample_rate=reader.info.sample_rate)
        meter.push_all(reader.blocks())
        info, problems = reader.info, reader.problems
    mouth, warnings = None, [f"audio: {problem}" for problem in problems]
    if film is not None:
        level = SoundLevel(meter.level_db(), meter.rate_hz)
        zero = tracks[0] if film == job.audio else 0
        with (
            VideoReader(film, max_height=MAX_HEIGHT, audio_track=zero) as video,
            reading_ahead(video.frames()) as frames,
        ):
            counted = _counted(frames, progress, total_s=meter.duration_s)
            mouth = track_mouth(
                counted, crop_size=enhancer.model.crop_size, speaker=job.speaker, sound_level=level, detector=detector
            )
        warnings += _film_warnings(mouth, video=video, sound_s=meter.duration_s)
    elif not job.audio_only:
        warnings.append("enhanced by sound alone: there is no video")
    picture_fraction, lost = _write_outputs(
        enhancer, job, mouth, tracks=tracks, total_s=meter.duration_s, progress=progress
    )
    warnings += lost
    if mouth is not None and picture_fraction < 1:
        by_sound_s = (1 - picture_fraction) * meter.duration_s
        warnings.append(
            f"enhanced by sound alone for {by_sound_s:.1f} of {meter.duration_s:.1f} s: no face was seen there"
        )
    return EnhanceResult(
        audio=job.audio, output=job.output, duration_s=meter.duration_s, sample_rate=info.sample_rate,
        n_channels=info.n_channels, n_samples=meter.n_samples, model=enhancer.model.name,
        faces=mouth.report if mouth else None, picture_fraction=picture_fraction,
        wall_s=time.monotonic() - started, warnings=tuple(warnings),
    )  # fmt: skip


def writes_film(path: Path) -> bool:
    """True if an output of this name is a film and not a sound file."""
    return path.suffix.lower() not in WRITABLE


def _check(job: Job) -> None:
    """Refuse what cannot end well before any work is done."""
    check_speaker(job.speaker)
    check_file(job.audio, kind="input")
    if job.video is not None:
        check_file(job.video, kind="video")
    sources = [path.resolve() for path in (job.audio, job.video) if path is not None]
    outputs = [path for path in (job.output, job.save_noise, job.save_mouth) if path is not None]
    for place, path in enumerate(outputs):
        if path.resolve() in sources:
            raise MediaError(f"output {path} must not be the input but is; choose another name")
        if path.resolve() in [other.resolve() for other in outputs[:place]]:
            raise MediaError(f"outputs must be different files but two are {path}; choose another name")
        check_output(path, force=job.force)
    if job.save_noise is not None and writes_film(job.save_noise):
        raise MediaError(f"noise {job.save_noise} must end in one of {' '.join(WRITABLE)}; change its name")


def _film(job: Job) -> Path | None:
    """The file whose picture shows the speaker, None where the sound must do."""
    if job.video is not None:
        probe_video(job.video)
    source = job.video or (job.audio if has_picture(job.audio) else None)
    if writes_film(job.output) and source is None:
        raise MediaError(
            f"output {job.output} must end in one of {' '.join(WRITABLE)}, for there is no picture to copy; rename it"
        )
    return None if job.audio_only else source


def _counted(frames: Iterator[VideoFrame], progress: Progress, *, total_s: float) -> Iterator[VideoFrame]:
    for frame in frames:
        progress("watch", frame.time_s, total_s)
        yield frame


def _film_warnings(mouth: MouthTrack, *, video: VideoReader, sound_s: float) -> list[str]:
    warnings, name = [], video.info.path.name
    if video.n_dropped:
        warnings.append(f"{video.n_dropped} frames of {name} were dropped: their timestamps do not rise")
    if video.n_too_fast:
        warnings.append(f"{video.n_too_fast} frames of {name} were dropped: they come faster than {MAX_FPS:g} a second")
    if video.n_damaged:
        warnings.append(f"{video.n_damaged} packets of {name} could not be decoded: frames are missing there")
    picture_s = float(mouth.timestamps_s[-1])
    if abs(sound_s - picture_s) > DIFFERENCE_S:
        warnings.append(
            f"the sound is {sound_s:.1f} s long but the picture {picture_s:.1f} s; their starts were aligned"
        )
    return warnings


def _tracks(job: Job) -> list[int]:
    """Indices of the audio tracks to enhance."""
    if job.audio_track is not None:
        return [job.audio_track]
    if not writes_film(job.output) or job.video is not None:
        raise MediaError(
            f"output {job.output} must be a video file with the input's own tracks to hold all of them but is not; "
            "choose one track"
        )
    return list(range(n_audio_tracks(job.audio)))


def _write_outputs(
    enhancer: Enhancer, job: Job, mouth: MouthTrack | None, *, tracks: list[int], total_s: float, progress: Progress
) -> tuple[float, list[str]]:
    """Write all files of a job; the share of the time with video, and what the output could not hold."""
    lost: list[str] = []
    with ExitStack() as stack:
        if writes_film(job.output):
            # W64 has no limit of 4 GB, float no clipping.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="avse-")))
            outputs = {track: folder / f"track{track}.w64" for track in tracks}
        else:
            outputs = {tracks[0]: job.output}
        shares = []
        for place, (track, output) in enumerate(outputs.items()):
            before_s, n_tracks = place * total_s, len(outputs)
            stage = partial(_stage, progress, before_s=before_s, n_tracks=n_tracks, total_s=total_s)
            shares.append(_enhance_track(enhancer, job, mouth, track=track, output=output, progress=stage))
        if writes_film(job.output):
            # A separate recording takes the place of the video's own first track.
            audio = dict(zip([0] if job.video else tracks, outputs.values(), strict=True))
            lost = replace_audio(job.video or job.audio, audio, job.output, bit_rate=job.bit_rate, force=job.force)
        if job.save_mouth is not None and mouth is not None:
            _write_mouth(job.save_mouth, mouth, force=job.force)
    return shares[0], lost


def _stage(progress: Progress, done_s: float, *, before_s: float, n_tracks: int, total_s: float) -> None:
    """Report how far all tracks are as if they were one."""
    progress("enhance", (before_s + done_s) / n_tracks, total_s)


def _enhance_track(
    enhancer: Enhancer,
    job: Job,
    mouth: MouthTrack | None,
    *,
    track: int,
    output: Path,
    progress: Callable[[float], None],
) -> float:
    """Enhance one audio track into an audio file; the share of the time with video."""
    offset_s = job.offset_s
    if mouth is not None and job.audio_track is None and track > 0:
        # The mouth is timed from the first sample of the first track.
        offset_s += audio_start_s(job.audio, track=track) - audio_start_s(job.audio, track=0)
    is_final = output == job.output
    with ExitStack() as stack:
        reader = stack.enter_context(AudioReader(job.audio, track=track))
        info = reader.info
        rate, n_channels = info.sample_rate, info.n_channels
        subtype = info.subtype if is_final else "FLOAT"

        def writer(path: Path) -> AudioWriter:
            return AudioWriter(
                path, sample_rate=rate, n_channels=n_channels, subtype=subtype, force=job.force,
                bit_rate=job.bit_rate or info.bit_rate, tags=read_tags(job.audio) if is_final else None,
            )  # fmt: skip

        stream = enhancer.stream(
            sample_rate=rate, n_channels=n_channels, mouth=mouth, mixing=job.mixing, offset_s=offset_s
        )
        noise = None if track > 0 and job.audio_track is None else job.save_noise
        sinks = [stack.enter_context(writer(path)) for path in (output, noise) if path is not None]
        done_s = 0.0
        for noisy, enhanced in _side_by_side(stream, reader.blocks(BLOCK_SAMPLES), n_channels=n_channels):
            for sink, samples in zip(sinks, (enhanced, noisy - enhanced), strict=False):
                sink.write(samples)
            done_s += noisy.shape[1] / rate
            progress(done_s)
    return stream.gain.n_with_picture / max(1, stream.gain.n_frames)


def _side_by_side(
    stream: EnhancerStream, blocks: Iterator[Waveform], *, n_channels: int
) -> Iterator[tuple[Waveform, Waveform]]:
    """Noisy and enhanced samples of the same moments."""
    waiting = np.zeros((n_channels, 0), dtype=np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block], axis=1)
        enhanced = stream.push(block)
        yield waiting[:, : enhanced.shape[1]], enhanced
        waiting = waiting[:, enhanced.shape[1] :]
    yield waiting, stream.finish()


def _write_mouth(path: Path, mouth: MouthTrack, *, force: bool) -> None:
    n_pictures, height, width = mouth.crops.shape[:3]
    duration_s = mouth.timestamps_s[-1] - mouth.timestamps_s[0]
    fps = (n_pictures - 1) / duration_s if duration_s > 0 else 25.0
    with VideoWriter(path, fps=fps, width=MAGNIFY * width, height=MAGNIFY * height, force=force) as writer:
        for row in range(n_pictures):
            writer.write(mouth.crops[row].repeat(MAGNIFY, axis=0).repeat(MAGNIFY, axis=1))
