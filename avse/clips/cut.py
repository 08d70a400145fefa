"""Videos cut into short clips of video, audio and text, in bounded memory, and clips as bytes for shards."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from av.video.reformatter import VideoReformatter

from avse.clips.captions import Caption
from avse.errors import MediaError
from avse.faces.mouth import track_mouth
from avse.media.audio import AudioReader
from avse.media.container import PROTOCOLS
from avse.media.video import VideoReader
from avse.media.video_stream import add_video_stream
from avse.signal.resample import StreamingResampler
from avse.types import Image, Waveform

LONGEST_STILL_S = 600.0
"""Between two video frames; more is taken for a damaged time."""
BLOCK_SAMPLES = 4096
"""Audio read at once: what is ahead of the video waits in memory."""


@dataclass(frozen=True)
class ClipConfig:
    """What clips are like."""

    duration_s: float = 3.2
    """Of a clip."""
    fps: float = 10.0
    """Video frames a second."""
    height: int = 240
    """Pixels; the width follows, or is that of a mouth."""
    sample_rate: int = 48_000
    """Hz, one channel."""
    mouth: tuple[int, int] | None = None
    """Height and width of mouth crops in place of whole video frames."""
    min_share: float = 0.5
    """A last clip shorter than this share of `duration_s` is skipped; a longer one is kept as it is."""

    @property
    def n_frames(self) -> int:
        """Video frames of a whole clip."""
        return round(self.duration_s * self.fps)


@dataclass(frozen=True)
class Clip:
    """A stretch of a video."""

    start_s: float
    frames: Image
    """`(time, height, width, 3)` RGB."""
    waveform: Waveform | None
    """`(samples,)`; None without audio."""
    captions: list[Caption]
    """What is said in it and, for up to its length, before and after it; seconds from its start."""
    about: dict[str, Any] = field(default_factory=dict)
    """What is known of it, such as its speaker."""


def cut_video(path: Path, *, config: ClipConfig, captions: list[Caption], audio: Path | None = None) -> Iterator[Clip]:
    """Cut a video into clips that follow each other.

    Args:
        path: the video.
        config: what clips are like.
        captions: of the video.
        audio: file that its audio is in, if not in itself.

    Yields:
        Clips; one of them is in memory at a time.

    Raises:
        MediaError: the video has no video frames, or cannot be decoded.
    """
    with VideoReader(path, max_height=None if config.mouth else config.height) as reader:
        has_audio = audio is not None or reader.info.has_audio
        video_frames = _mouths(reader, config) if config.mouth else _even(reader, config.fps)
        track = _audio(audio or path, config) if has_audio else None
        start_s = 0.0
        while True:
            frames = [frame for _, frame in zip(range(config.n_frames), video_frames, strict=False)]
            length = len(frames)
            if not length or length < config.min_share * config.n_frames:
                return
            end_s = start_s + length / config.fps
            waveform = None
            if track is not None:
                waveform = track.take(round(length / config.fps * config.sample_rate))
            yield Clip(start_s, np.stack(frames), waveform, _near(captions, start_s=start_s, end_s=end_s))
            start_s = end_s


def encode_clip(clip: Clip, *, config: ClipConfig) -> dict[str, bytes]:
    """A clip as files by suffix: `mp4` (H.264), `flac` and `json`."""
    about = {
        "start_s": round(clip.start_s, 4),
        "fps": config.fps,
        "sample_rate": config.sample_rate,
        "n_frames": len(clip.frames),
        "captions": [(round(c.start_s, 4), round(c.end_s, 4), c.text) for c in clip.captions],
        **clip.about,
    }
    files = {"mp4": _encode_video_frames(clip.frames, fps=config.fps), "json": json.dumps(about).encode()}
    if clip.waveform is not None:
        audio = io.BytesIO()
        soundfile.write(audio, clip.waveform, config.sample_rate, format="FLAC", subtype="PCM_16")
        files["flac"] = audio.getvalue()
    return files


def decode_clip(files: dict[str, bytes]) -> Clip:
    """What `encode_clip` made, but for what H.264 and 16 bits lose.

    Raises:
        MediaError: a file is damaged.
    """
    try:
        about = json.loads(files["json"])
        # One reformatter for all: each of PyAV's frames would set up its own, which takes longer than the decoding.
        to_rgb = VideoReformatter()
        with av.open(io.BytesIO(files["mp4"]), options={"protocol_whitelist": PROTOCOLS}) as container:
            frames: Image = np.stack(
                [to_rgb.reformat(frame, format="rgb24").to_ndarray() for frame in container.decode(video=0)]
            ).astype(np.uint8, copy=False)
        waveform = None
        if "flac" in files:
            waveform, _ = soundfile.read(io.BytesIO(files["flac"]), dtype="float32")
        captions = [Caption(*caption) for caption in about.pop("captions")]
        start_s = about.pop("start_s")
    except (KeyError, TypeError, ValueError, av.FFmpegError, soundfile.LibsndfileError) as error:
        raise MediaError(f"a clip must hold video and JSON but is damaged ({error}); prepare it again") from None
    return Clip(start_s, frames, waveform, captions, about)


def _near(captions: list[Caption], *, start_s: float, end_s: float) -> list[Caption]:
    """Captions of a stretch and of its length before and after, seconds from its start."""
    first_s, last_s = 2 * start_s - end_s, 2 * end_s - start_s
    return [
        Caption(max(c.start_s, first_s) - start_s, min(c.end_s, last_s) - start_s, c.text)
        for c in captions
        if c.start_s < last_s and c.end_s > first_s
    ]


class _Audio:
    """A video's audio at one rate, one channel, taken piece by piece."""

    def __init__(self, blocks: Iterator[Waveform]) -> None:
        self._blocks, self._rest = blocks, np.zeros(0, dtype=np.float32)

    def take(self, n_samples: int) -> Waveform:
        """The next samples, `(n_samples,)`; zeros after the end."""
        parts, n_have = [self._rest], len(self._rest)
        while n_have < n_samples and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            n_have += len(block)
        joined = np.concatenate(parts)
        self._rest = joined[n_samples:]
        return np.pad(joined[:n_samples], (0, max(0, n_samples - n_have)))


def _audio(path: Path, config: ClipConfig) -> _Audio:
    def blocks() -> Iterator[Waveform]:
        with AudioReader(path) as reader:
            resampler = StreamingResampler(
                source_rate=reader.info.sample_rate, target_rate=config.sample_rate, n_channels=1
            )
            for block in reader.blocks(BLOCK_SAMPLES):
                yield resampler.push(block.mean(axis=0, keepdims=True))[0]
            yield resampler.finish()[0]

    return _Audio(blocks())


def _even(reader: VideoReader, fps: float) -> Iterator[Image]:
    """The video frame shown at each moment of an even series; the first one stands for moments before it."""
    number, last, end_s = 0, None, 0.0
    for frame in reader.frames():
        if last is not None and frame.time_s - last.time_s > LONGEST_STILL_S:
            raise MediaError(
                f"video {reader.info.path} must continue but jumps from {last.time_s:.1f} s to {frame.time_s:.1f} s; "
                "what comes after is skipped"
            )
        while last is not None and (number + 0.5) / fps <= frame.time_s:
            yield last.image
            number += 1
        end_s = frame.time_s + (1 / fps if last is None else frame.time_s - last.time_s)
        last = frame
    while last is not None and (number + 0.5) / fps < end_s:
        yield last.image
        number += 1


def _mouths(reader: VideoReader, config: ClipConfig) -> Iterator[Image]:
    track = track_mouth(reader.frames(), crop_size=config.mouth or (0, 0), speaker="largest")
    if not track.present.any():
        raise MediaError(f"video {reader.info.path} must show a face but none was found; cut it without mouths")
    n_frames = 1 + round(float(track.timestamps_s[-1]) * config.fps)
    for number in range(n_frames):
        yield track.at(np.array([number / config.fps]))[0][0]


def _encode_video_frames(frames: Image, *, fps: float) -> bytes:
    height, width = (size // 2 * 2 for size in frames.shape[1:3])
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        rate = Fraction(fps).limit_denominator(1000)
        options = {"crf": "16", "preset": "veryfast"}
        stream = add_video_stream(container, fps=rate, width=width, height=height, options=options)
        for image in frames:
            cut = np.ascontiguousarray(image[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cut, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()
