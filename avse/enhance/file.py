"""One file in, one enhanced file out, in bounded memory."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
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
from avse.media.output import check_output
from avse.media.video import VideoFrame, VideoReader, VideoWriter, has_picture, probe_video, replace_sound
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
    with AudioReader(job.audio) as reader:
        meter = LevelMeter(sample_rate=reader.info.sample_rate)
        meter.push_all(reader.blocks())
        info = reader.info
    mouth, warnings = None, []
    if film is not None:
        level = SoundLevel(meter.level_db(), meter.rate_hz)
        with VideoReader(film, max_height=MAX_HEIGHT) as video, reading_ahead(video.frames()) as frames:
            counted = _counted(frames, progress, total_s=meter.duration_s)
            mouth = track_mouth(
                counted, crop_size=enhancer.model.crop_size, speaker=job.speaker, sound_level=level, detector=detector
            )
            n_dropped = video.n_dropped
        warnings = _film_warnings(mouth, film=film, n_dropped=n_dropped, sound_s=meter.duration_s)
    elif not job.audio_only:
        warnings.append("enhanced by sound alone: there is no video")
    picture_fraction = _write_outputs(enhancer, job, mouth, total_s=meter.duration_s, progress=progress)
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


def _film_warnings(mouth: MouthTrack, *, film: Path, n_dropped: int, sound_s: float) -> list[str]:
    warnings = []
    if n_dropped:
        warnings.append(f"{n_dropped} pictures of {film.name} were left out: their timestamps do not rise")
    picture_s = float(mouth.timestamps_s[-1])
    if abs(sound_s - picture_s) > DIFFERENCE_S:
        warnings.append(
            f"the sound is {sound_s:.1f} s long but the picture {picture_s:.1f} s; their starts were aligned"
        )
    return warnings


def _write_outputs(
    enhancer: Enhancer, job: Job, mouth: MouthTrack | None, *, total_s: float, progress: Progress
) -> float:
    """Write all files of a job; the share of the time with picture."""
    with ExitStack() as stack:
        output = job.output
        if writes_film(output):
            # W64 has no limit of 4 GB, float no clipping.
            output = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="avse-"))) / "enhanced.w64"
        reader = stack.enter_context(AudioReader(job.audio))
        rate, n_channels = reader.info.sample_rate, reader.info.n_channels
        subtype = "FLOAT" if output is not job.output else reader.info.subtype

        def writer(path: Path) -> AudioWriter:
            return AudioWriter(path, sample_rate=rate, n_channels=n_channels, subtype=subtype, force=job.force)

        stream = enhancer.stream(
            sample_rate=rate, n_channels=n_channels, mouth=mouth, mixing=job.mixing, offset_s=job.offset_s
        )
        with ExitStack() as writers:
            sinks = [writers.enter_context(writer(path)) for path in (output, job.save_noise) if path is not None]
            blocks = reader.blocks(BLOCK_SAMPLES)
            done_s = 0.0
            for noisy, enhanced in _side_by_side(stream, blocks, n_channels=n_channels):
                for sink, samples in zip(sinks, (enhanced, noisy - enhanced), strict=False):
                    sink.write(samples)
                done_s += noisy.shape[1] / rate
                progress("enhance", done_s, total_s)
        if job.save_mouth is not None and mouth is not None:
            _write_mouth(job.save_mouth, mouth, force=job.force)
        if output is not job.output:
            replace_sound(job.video or job.audio, output, job.output, force=job.force)
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
