"""One file in, one enhanced file out, in bounded memory."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from avse.enhance.enhancer import Enhancer
from avse.enhance.job import Job, check_job, probe_of, tracks_of, video_of, writes_video
from avse.enhance.loudness import Normaliser
from avse.enhance.notices import NO_VIDEO, other_faces, without_mouth
from avse.enhance.preview import Track, write_preview
from avse.enhance.stream import EnhancerStream
from avse.enhance.watch import AudioMeasures, Progress, View, enhanced_blocks, listen, measure_audio, no_progress, watch
from avse.faces.detect import FaceDetector
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.media.audio import BLOCK_SAMPLES, AudioReader, AudioWriter
from avse.media.output import scratch_folder
from avse.media.probe import Probe
from avse.media.remux import replace_audio
from avse.media.tags import Tags, read_tags
from avse.media.video import VideoWriter
from avse.types import Waveform

MAGNIFY = 4
"""Times that a saved crop is enlarged, for people to see."""


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
    """None if no video frame was processed."""
    video_fraction: float
    """Share of the time in which the video helped, 0 to 1; the rest was enhanced audio-only."""
    wall_s: float
    warnings: tuple[str, ...]


def enhance_file(
    enhancer: Enhancer,
    job: Job,
    *,
    detector: FaceDetector | None = None,
    progress: Progress = no_progress,
) -> EnhanceResult:
    """Enhance one file; the audio passes through in blocks, so its length does not matter.

    Args:
        enhancer: with its model.
        job: what to do.
        detector: finds faces; by default what `avse.faces.detectors.load_detector` takes.
        progress: gets the stage (`watch` or `enhance`), the seconds of the recording done, and all of them.

    Raises:
        MediaError: a file cannot be read or written; nothing is left half-written.
        InputError: the speaker asked for is not there.
    """
    started = time.monotonic()
    check_job(job)
    probed = probe_of(job)
    video = video_of(job, probed)
    track = tracks_of(job, probed)[0]
    if video is None:
        measures = measure_audio(job.audio, track=track)
        warnings = [*measures.warnings, *([] if job.audio_only else [NO_VIDEO])]
        return enhance_with(
            enhancer, job, None, measures=measures, warnings=warnings, progress=progress, started=started,
            probed=probed,
        )  # fmt: skip
    listened = listen(job.audio, track=track)
    view = view_of(job, probed, crop_size=enhancer.model.crop_size, detector=detector)
    mouth, seen = watch(view, listened, speaker=job.speaker, progress=progress)
    warnings = [*listened.warnings, *seen, *other_faces(video, mouth.report, speaker=job.speaker)]
    return enhance_with(
        enhancer, job, mouth, measures=listened, warnings=warnings, progress=progress, started=started, probed=probed
    )


def enhance_with(  # noqa: PLR0913 - all that was found of the file
    enhancer: Enhancer,
    job: Job,
    mouth: MouthTrack | None,
    *,
    measures: AudioMeasures,
    warnings: list[str],
    progress: Progress,
    started: float,
    probed: Probe | None = None,
) -> EnhanceResult:
    """Enhance a file whose faces were seen already.

    Args:
        enhancer: with its model.
        job: what to do.
        mouth: of the speaker; None enhances audio-only.
        measures: of the file's audio.
        warnings: so far.
        progress: as of `enhance_file`.
        started: when, on the monotonic clock.
        probed: as `avse.enhance.job.probe_of` finds it, where that was done before.
    """
    warnings, probed = list(warnings), probed or probe_of(job)
    video_fraction, lost = _write_outputs(enhancer, job, mouth, measures=measures, probed=probed, progress=progress)
    warnings += [*lost, *without_mouth(mouth, video_fraction=video_fraction, duration_s=measures.duration_s)]
    return EnhanceResult(
        audio=job.audio, output=job.output, duration_s=measures.duration_s, sample_rate=measures.info.sample_rate,
        n_channels=measures.info.n_channels, n_samples=measures.n_samples, model=enhancer.model.name,
        faces=mouth.report if mouth else None, video_fraction=video_fraction,
        wall_s=time.monotonic() - started, warnings=tuple(warnings),
    )  # fmt: skip


def view_of(job: Job, probed: Probe, *, crop_size: tuple[int, int], detector: FaceDetector | None) -> View:
    """How to look at a job's video."""
    zero = tracks_of(job, probed)[0] if probed.path == job.audio else 0
    return View(probed.path, crop_size, detector=detector, audio_track=zero, offset_s=job.offset_s, probed=probed)


def _write_outputs(
    enhancer: Enhancer,
    job: Job,
    mouth: MouthTrack | None,
    *,
    measures: AudioMeasures,
    probed: Probe,
    progress: Progress,
) -> tuple[float, list[str]]:
    """Write all files of a job; the share of the time with video, and what the output could not hold."""
    lost: list[str] = []
    tracks = tracks_of(job, probed)
    tags = probed.tags if probed.path == job.audio else read_tags(job.audio)
    with ExitStack() as stack:
        if writes_video(job.output):
            # W64 has no limit of 4 GB, float no clipping.
            folder = stack.enter_context(scratch_folder())
            outputs = {track: folder / f"track{track}.w64" for track in tracks}
        else:
            outputs = {tracks[0]: job.output}
        shares = []
        for index, (track, output) in enumerate(outputs.items()):
            total_s, n_tracks = measures.duration_s, len(outputs)
            before_s = index * total_s
            stage = partial(_stage, progress, before_s=before_s, n_tracks=n_tracks, total_s=total_s)
            # Opposite phase is known of the first track only; the others are averaged as they are.
            signs = measures.signs if track == tracks[0] else None
            offset_s = (job.offset_s or 0.0) + _late_s(job, mouth, track, probed)
            stream_of = partial(enhancer.stream, mouth=mouth, mixing=job.mixing, offset_s=offset_s, signs=signs)
            shares.append(_enhance_track(stream_of, job, track=track, output=output, progress=stage, tags=tags))
        if writes_video(job.output):
            # A separate recording takes the place of the video's own first track.
            audio = dict(zip([0] if job.video else tracks, outputs.values(), strict=True))
            lost = replace_audio(probed.path, audio, job.output, bit_rate=job.bit_rate, force=job.force, probed=probed)
        if job.save_mouth is not None and mouth is not None:
            _write_mouth(job.save_mouth, mouth, force=job.force)
        if job.preview is not None and mouth is not None:
            _write_preview(job, job.preview, mouth, track=tracks[0])
    return shares[0], lost


def _stage(progress: Progress, done_s: float, *, before_s: float, n_tracks: int, total_s: float) -> None:
    """Report how far all tracks are as if they were one."""
    progress("enhance", (before_s + done_s) / n_tracks, total_s)


def _late_s(job: Job, mouth: MouthTrack | None, track: int, probed: Probe) -> float:
    """How much later than the first audio track, from which the mouth is timed, a track begins; for all of them."""
    if mouth is None or job.audio_track is not None or track == 0:
        return 0.0
    return probed.audio_start_s(track) - probed.audio_start_s(0)


def _enhance_track(
    stream_of: Callable[..., EnhancerStream],
    job: Job,
    *,
    track: int,
    output: Path,
    progress: Callable[[float], None],
    tags: Tags,
) -> float:
    """Enhance one audio track into an audio file; the share of the time with video."""
    is_final = output == job.output
    with ExitStack() as stack:
        reader = stack.enter_context(AudioReader(job.audio, track=track))
        info = reader.info
        rate, n_channels = info.sample_rate, info.n_channels
        subtype = info.subtype if is_final else "FLOAT"

        def writer(path: Path) -> AudioWriter:
            return AudioWriter(
                path, sample_rate=rate, n_channels=n_channels, subtype=subtype, force=job.force,
                bit_rate=job.bit_rate or info.bit_rate, tags=tags if is_final else None,
            )  # fmt: skip

        stream = stream_of(sample_rate=rate, n_channels=n_channels)
        noise = None if track > 0 and job.audio_track is None else job.save_noise
        sink, *noise_sinks = [stack.enter_context(writer(path)) for path in (output, noise) if path is not None]
        with _loudness(job, sink, sample_rate=rate, n_channels=n_channels) as write:
            done_s = 0.0
            for noisy, enhanced in enhanced_blocks(stream, reader.blocks(BLOCK_SAMPLES), n_channels=n_channels):
                write(enhanced)
                for noise_sink in noise_sinks:
                    noise_sink.write(noisy - enhanced)
                done_s += noisy.shape[1] / rate
                progress(done_s)
    return stream.video_fraction


@contextmanager
def _loudness(
    job: Job, sink: AudioWriter, *, sample_rate: int, n_channels: int
) -> Iterator[Callable[[Waveform], None]]:
    """Write to the sink at once, or, where a loudness is wanted, all at the end, when its gain is known."""
    if job.target_lufs is None:
        yield sink.write
        return
    normaliser = Normaliser(job.target_lufs, sample_rate=sample_rate, n_channels=n_channels)
    with scratch_folder() as folder:
        path = folder / "enhanced.w64"
        with AudioWriter(path, sample_rate=sample_rate, n_channels=n_channels, subtype="FLOAT") as scratch:

            def write(block: Waveform) -> None:
                normaliser.measure(block)
                scratch.write(block)

            yield write
        with AudioReader(path) as reader:
            for block in normaliser.normalised(reader.blocks(BLOCK_SAMPLES)):
                sink.write(block)


def _write_preview(job: Job, path: Path, mouth: MouthTrack, *, track: int) -> None:
    video = job.video or job.audio
    keeps_tracks = writes_video(job.output) and job.video is None
    write_preview(
        path, video, mouth, before=Track(job.audio, track), after=Track(job.output, track if keeps_tracks else 0),
        audio_track=track if video == job.audio else 0, force=job.force,
    )  # fmt: skip


def _write_mouth(path: Path, mouth: MouthTrack, *, force: bool) -> None:
    n_video_frames, height, width = mouth.crops.shape[:3]
    duration_s = mouth.timestamps_s[-1] - mouth.timestamps_s[0]
    fps = (n_video_frames - 1) / duration_s if duration_s > 0 else 25.0
    with VideoWriter(path, fps=fps, width=MAGNIFY * width, height=MAGNIFY * height, force=force) as writer:
        for row in range(n_video_frames):
            writer.write(mouth.crops[row].repeat(MAGNIFY, axis=0).repeat(MAGNIFY, axis=1))
