"""Video frames by their timestamps, one pass, and back.

Time zero is the first sample of the container's own audio, for that is what a recording is aligned by; without audio
it is the first frame. "Frame number / rate" is used nowhere: phones record at a variable rate and start the streams
at different times.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from avse.errors import MediaError
from avse.media.container import check_file, decode, open_container, open_output
from avse.media.layout import native_layout
from avse.media.limits import MAX_FPS, MAX_PIXELS, check_frame_size
from avse.media.output import atomic_write
from avse.media.suffixes import VIDEO, media_files
from avse.media.tags import is_cover
from avse.media.video_stream import add_video_stream
from avse.types import Image

REORDERED_PACKETS = 20
"""H.264 and HEVC decode at most 16 frames before one that is shown earlier."""


class VideoFrame(NamedTuple):
    """A video frame and when it was taken."""

    time_s: float
    """Seconds from the first sample of the audio; video frames before it have negative times."""
    image: Image
    """`(height, width, 3)` RGB, upright."""


@dataclass(frozen=True)
class VideoInfo:
    """What a file's video is like."""

    path: Path
    width: int
    """Pixels as stored, before rotation."""
    height: int
    """Pixels as stored, before rotation."""
    fps: float | None
    """Mean video frames a second as the container says; None if it does not. For display only."""
    duration_s: float | None
    has_audio: bool


class VideoReader:
    """One pass over a file's video frames, in bounded memory. A context manager."""

    def __init__(
        self, path: Path, *, max_height: int | None = None, audio_track: int = 0, zero_s: float | None = None
    ) -> None:
        """Open a file.

        Args:
            path: any container with a video track.
            max_height: pixels; larger frames are shrunk to it while they are decoded, in proportion.
            audio_track: index of the audio track whose first sample is time zero.
            zero_s: time zero on the container's clock where it is known (`avse.media.probe`); None finds it out.

        Raises:
            MediaError: the file is missing, empty, damaged, without video frames, or beyond the limits of
                `avse.media.limits`.
        """
        check_file(path, kind="video")
        self._max_height, self._audio_track, self._zero_s = max_height, audio_track, zero_s
        self._stack = ExitStack()
        container = self._stack.enter_context(open_container(path, kind="video"))
        stream = next((s for s in container.streams.video if not is_cover(s)), None)
        if stream is None or stream.codec_context is None or not stream.codec_context.width:
            self._stack.close()
            raise MediaError(f"video {path} must have a video track but has none; name another file")
        try:
            check_frame_size(path, width=stream.codec_context.width, height=stream.codec_context.height)
        except MediaError:
            self._stack.close()
            raise
        stream.thread_type = "AUTO"
        # Frames may become larger in the middle of a stream.
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        self._container, self._stream = container, stream
        # One for all video frames: each of PyAV's frames would set up its own, which takes longer than the conversion.
        self._to_rgb = VideoReformatter()
        rate = stream.average_rate
        seconds = container.duration / av.time_base if container.duration else None
        self.info = VideoInfo(
            path,
            stream.width,
            stream.height,
            float(rate) if rate else None,
            seconds,
            bool(container.streams.audio),
        )
        self.n_dropped = 0
        """Frames dropped so far, for they had no timestamp or one that did not rise."""
        self.n_too_fast = 0
        """Frames dropped so far, for they came faster than `limits.MAX_FPS`."""
        self.n_damaged = 0
        """Packets so far that could not be decoded."""

    def frames(self) -> Iterator[VideoFrame]:
        """Read from the start to the end.

        Yields:
            Video frames with strictly rising times.

        Raises:
            MediaError: not one video frame could be decoded.
        """
        zero_s = self._zero_s
        if zero_s is None and self.info.has_audio:
            zero_s = audio_start_s(self.info.path, track=self._audio_track)
        last_s = -math.inf
        for frame, _ in decode(self._container, self._stream, on_damage=self._count_damage):
            if frame.time is None:
                self.n_dropped += 1
                continue
            zero_s = frame.time if zero_s is None else zero_s
            time_s = frame.time - zero_s
            if time_s - last_s <= 0:
                self.n_dropped += 1
                continue
            if time_s - last_s < 1 / MAX_FPS:
                self.n_too_fast += 1
                continue
            last_s = time_s
            yield VideoFrame(last_s, self._upright(frame))
        if last_s == -math.inf:
            raise MediaError(f"video {self.info.path} must hold frames but none can be decoded; it may be cut off")

    def _count_damage(self) -> None:
        self.n_damaged += 1

    def _upright(self, frame: "av.VideoFrame") -> Image:
        rotation = int(getattr(frame, "rotation", 0)) % 360
        shown_height = frame.width if rotation in (90, 270) else frame.height
        scale = min(1.0, self._max_height / shown_height) if self._max_height else 1.0
        # swscale's faster paths want even sizes.
        size = [n if scale == 1 else max(2, round(n * scale / 2) * 2) for n in (frame.width, frame.height)]
        how = "BICUBIC" if scale == 1 else "AREA"
        rgb = self._to_rgb.reformat(frame, width=size[0], height=size[1], format="rgb24", interpolation=how)
        image = rgb.to_ndarray().astype(np.uint8, copy=False)
        return np.rot90(image, rotation // 90) if rotation else image

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


class VideoWriter:
    """A silent video at a constant rate, written atomically. A context manager."""

    def __init__(self, path: Path, *, fps: float, width: int, height: int, force: bool = False) -> None:
        """Open a file for writing.

        Args:
            path: .mp4, .mkv or another container that FFmpeg writes.
            fps: video frames a second.
            width: pixels; an odd one gets a column more.
            height: pixels; an odd one gets a row more.
            force: replace a file that exists.

        Raises:
            MediaError: FFmpeg knows no such format, or the place cannot be written.
        """
        self._pad = ((0, height % 2), (0, width % 2), (0, 0))
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_write(path, force=force))
        try:
            self._container = self._stack.enter_context(open_output(temporary))
            rate = Fraction(fps).limit_denominator(1001)
            self._stream = add_video_stream(
                self._container, fps=rate, width=width + width % 2, height=height + height % 2
            )
        except (av.FFmpegError, ValueError) as error:
            refusal = MediaError(f"output {path} must be a video that FFmpeg writes but is not ({error}); use .mp4")
            self._stack.__exit__(MediaError, refusal, None)
            raise refusal from None

    def write(self, image: Image) -> None:
        """Append a video frame, `(height, width, 3)` RGB."""
        even = np.ascontiguousarray(np.pad(image, self._pad, mode="edge"))
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._stack.__exit__(kind, error, trace)


def videos_under(folder: Path) -> list[Path]:
    """All videos of a folder and of the folders in it, by their names' suffixes, in order."""
    return media_files(folder, VIDEO, recursive=True)


def probe_video(path: Path) -> VideoInfo:
    """Size, rate and length of a file's video, without decoding it.

    Raises:
        MediaError: as `VideoReader`.
    """
    with VideoReader(path) as reader:
        return reader.info


def has_video(path: Path) -> bool:
    """True if a file is a container with moving video frames, not an audio file with a cover.

    Raises:
        MediaError: the file is missing or not media at all.
    """
    check_file(path, kind="input")
    with open_container(path, kind="input") as container:
        return any(not is_cover(stream) for stream in container.streams.video)


def audio_start_s(path: Path, *, track: int = 0) -> float:
    """When the first sample of a container's audio is heard, on the container's clock, in seconds.

    The first *decoded* frame shows it, for encoders put silence before the first sample that decoders take away again.
    """
    with open_container(path, kind="video") as container:
        stream = container.streams.audio[track]
        if stream.codec_context is not None:
            native_layout(stream.codec_context)
            for frame, _ in decode(container, stream):
                if frame.time is not None:
                    return float(frame.time)
    return 0.0


def first_frame_s(path: Path) -> float:
    """When the first video frame is shown, on the container's clock, in seconds; 0 without any.

    Packets show it without decoding; the first one shown may come a few packets after the first one decoded.
    """
    with open_container(path, kind="video") as container:
        stream = next((s for s in container.streams.video if not is_cover(s)), None)
        if stream is None:
            return 0.0
        times = [p.pts for p in islice(container.demux(stream), REORDERED_PACKETS) if p.pts is not None]
        return float(min(times) * stream.time_base) if times else 0.0
