"""What is found out of a recording before it is enhanced: its level, its channels, and whose mouth to look at.

Files and Python go through here, so that both see the same faces.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avse.enhance.stream import EnhancerStream
from avse.enhance.sync import in_sync
from avse.faces.choice import read_choice, read_photograph
from avse.faces.detect import FaceDetector
from avse.faces.detectors import load_detector
from avse.faces.lip_scorer import LipScorer
from avse.faces.mouth import MouthTrack, mouth_of
from avse.faces.people import find_people
from avse.faces.report import FaceReport
from avse.faces.scorer import CorrespondenceScorer
from avse.faces.speaker import People, choose
from avse.media.audio import AudioInfo, AudioReader
from avse.media.limits import MAX_FPS
from avse.media.prefetch import prefetch
from avse.media.probe import Probe
from avse.media.video import VideoFrame, VideoReader
from avse.models.onnx_lips import OnnxLips
from avse.signal.level import LevelMeter
from avse.signal.phase import PhaseMeter
from avse.types import Waveform

Progress = Callable[[str, float, float], None]

MAX_HEIGHT = 480
"""Pixels; larger frames are shrunk to it while decoding: in it, the mouth of a face of a sixth of the height is as
large as the models need."""
DIFFERENCE_S = 0.5
"""Audio and video that differ more in length are worth a warning."""


def no_progress(stage: str, done_s: float, total_s: float) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class AudioMeasures:
    """What a pass over the audio found."""

    info: AudioInfo
    duration_s: float
    n_samples: int
    """Per channel."""
    signs: npt.NDArray[np.float32]
    """Of the channels, for their mean not to cancel."""
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Listened(AudioMeasures):
    """The same, and what tells whose mouth the audio belongs to."""

    scorer: CorrespondenceScorer


def default_scorer(info: AudioInfo) -> CorrespondenceScorer:
    """What says whose mouth belongs to the audio, for one recording."""
    return LipScorer(OnnxLips(), sample_rate=info.sample_rate)


def listen(audio: Path, *, track: int = 0) -> Listened:
    """Go through the audio once, in blocks, where there are faces to choose from.

    Args:
        audio: an audio file, or a container with audio.
        track: index of the audio track.

    Raises:
        MediaError: it cannot be read.
    """
    with AudioReader(audio, track=track) as reader:
        scorer = default_scorer(reader.info)
        measures = _measure(reader, audio.name, scorer.push)
    return Listened(**vars(measures), scorer=scorer)


def measure_audio(audio: Path, *, track: int = 0) -> AudioMeasures:
    """As `listen`, where no video is processed."""
    with AudioReader(audio, track=track) as reader:
        return _measure(reader, audio.name)


def _measure(reader: AudioReader, name: str, *also: Callable[[Waveform], None]) -> AudioMeasures:
    info = reader.info
    meter, phase = LevelMeter(sample_rate=info.sample_rate), PhaseMeter(info.n_channels)
    for block in reader.blocks():
        for push in (meter.push, phase.push, *also):
            push(block)
    warnings = [f"audio: {problem}" for problem in reader.problems]
    signs = phase.signs()
    if (signs < 0).any():
        warnings.append(
            f"the channels of {name} have opposite phase and their mean cancels "
            f"({phase.mean_over_channels_db:.0f} dB): enhanced by their difference"
        )
    return AudioMeasures(info, meter.duration_s, meter.n_samples, signs, tuple(warnings))


@dataclass(frozen=True)
class View:
    """A video to look at, and how."""

    video: Path
    """Any container with a video track."""
    crop_size: tuple[int, int]
    """Height and width of mouth crops, pixels."""
    detector: FaceDetector | None = None
    """Finds faces in an image; None takes what `avse.faces.detectors.load_detector` does."""
    audio_track: int = 0
    """Index of the audio track in the video whose first sample is time zero."""
    offset_s: float | None = 0.0
    """How late the video comes after the audio; None finds it out, and uses it where that is certain."""
    probed: Probe | None = None
    """The video, where it was looked into before."""

    @property
    def zero_s(self) -> float | None:
        """When the audio begins on the video's clock; None where that is not known yet, or there is no audio."""
        known = self.probed is not None and self.audio_track < len(self.probed.audio_starts_s)
        return self.probed.audio_start_s(self.audio_track) if self.probed is not None and known else None


def people_in_view(
    view: View, listened: Listened | None, *, progress: Progress = no_progress
) -> tuple[People, list[str]]:
    """Follow all faces of a video, in one decoding.

    Args:
        view: the video.
        listened: to the recording, to know who speaks; None where there is no audio.
        progress: is called with the stage `watch`, the seconds done, and all of them.

    Returns:
        The people, and warnings.

    Raises:
        MediaError: it cannot be read.
    """
    total_s = listened.duration_s if listened else 0.0
    with ExitStack() as stack:
        reader = stack.enter_context(
            VideoReader(view.video, max_height=MAX_HEIGHT, audio_track=view.audio_track, zero_s=view.zero_s)
        )
        frames = stack.enter_context(prefetch(reader.frames()))
        people = find_people(
            _counted(frames, progress, total_s=total_s),
            crop_size=view.crop_size,
            detector=view.detector or load_detector(),
            scorer=listened.scorer if listened else None,
            offset_s=view.offset_s or 0.0,
        )
        warnings = _damage(reader)
    if view.offset_s is None and listened is not None and people.faces:
        people, words = in_sync(people, listened.scorer)
        warnings.append(words)
    video_s = float(people.timestamps_s[-1])
    if listened is not None and abs(total_s - video_s) > DIFFERENCE_S:
        warnings.append(f"the audio is {total_s:.1f} s long but the video {video_s:.1f} s; their starts were aligned")
    return people, warnings


def watch(
    view: View, listened: Listened, *, speaker: str = "auto", progress: Progress = no_progress
) -> tuple[MouthTrack, list[str]]:
    """Find the mouth of the one whose voice is kept.

    Args:
        view: the video.
        listened: to the recording.
        speaker: whose face: see `avse.faces.choice.FORMS`.
        progress: as of `people_in_view`.

    Returns:
        The mouth, and warnings.

    Raises:
        MediaError: a file cannot be read.
        InputError: there is no such face.
    """
    choice = read_choice(speaker)
    photograph = read_photograph(choice.photograph, view.detector or load_detector()) if choice.photograph else None
    people, warnings = people_in_view(view, listened, progress=progress)
    return mouth_of(people, choose(people, choice, photograph=photograph), crop_size=view.crop_size), warnings


def no_mouth(crop_size: tuple[int, int], why: str) -> MouthTrack:
    """What is seen where there is no video; `why` is reported."""
    return MouthTrack(np.zeros(0), np.zeros((0, *crop_size, 3), np.uint8), np.zeros(0, bool), FaceReport(0, 0.0, why))


def enhanced_blocks(
    stream: EnhancerStream, blocks: Iterator[Waveform], *, n_channels: int
) -> Iterator[tuple[Waveform, Waveform]]:
    """Noisy and enhanced samples of the same times, `(channels, samples)` each, block by block."""
    waiting = np.zeros((n_channels, 0), dtype=np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block], axis=1)
        enhanced = stream.push(block)
        yield waiting[:, : enhanced.shape[1]], enhanced
        waiting = waiting[:, enhanced.shape[1] :]
    yield waiting, stream.finish()


def _counted(frames: Iterator[VideoFrame], progress: Progress, *, total_s: float) -> Iterator[VideoFrame]:
    for frame in frames:
        progress("watch", frame.time_s, total_s)
        yield frame


def _damage(reader: VideoReader) -> list[str]:
    name, warnings = reader.info.path.name, []
    if reader.n_dropped:
        warnings.append(f"{reader.n_dropped} frames of {name} were dropped: their timestamps do not rise")
    if reader.n_too_fast:
        warnings.append(
            f"{reader.n_too_fast} frames of {name} were dropped: they come faster than {MAX_FPS:g} a second"
        )
    if reader.n_damaged:
        warnings.append(f"{reader.n_damaged} packets of {name} could not be decoded: frames are missing there")
    return warnings
