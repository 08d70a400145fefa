"""Pictures by their timestamps, one pass, and back.

Time zero is the first sample of the container's own sound, for that is what a recording is aligned by; without sound
it is the first picture. "Frame number / rate" is used nowhere: phones record at a variable rate and start the streams
at different times.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from avse.errors import MediaError
from avse.media.audio import AudioReader, check_file, decode, open_container
from avse.media.output import beside

Image = npt.NDArray[np.uint8]
FILMS = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv")
"""Suffixes of films."""


class VideoFrame(NamedTuple):
    """A picture and when it was taken."""

    time_s: float
    """Seconds from the first sample of the sound; pictures before it have negative times."""
    image: Image
    """`(height, width, 3)` RGB, upright."""


@dataclass(frozen=True)
class VideoInfo:
    """What a file's picture is like."""

    path: Path
    width: int
    """Pixels as stored, before rotation."""
    height: int
    """Pixels as stored, before rotation."""
    fps: float | None
    """Mean pictures a second as the container says; None if it does not. For display only."""
    duration_s: float | None
    has_sound: bool


class VideoReader:
    """One pass over a file's pictures, in bounded memory. A context manager."""

    def __init__(self, path: Path, *, max_height: int | None = None) -> None:
        """Open a file.

        Args:
            path: any container with a picture track.
            max_height: pixels; larger pictures are shrunk to it while they are decoded, in proportion.

        Raises:
            MediaError: the file is missing, empty, damaged, or has no pictures.
        """
        check_file(path, kind="video")
        self._max_height = max_height
        self._stack = ExitStack()
        container = self._stack.enter_context(open_container(path, kind="video"))
        stream = next((s for s in container.streams.video if not _is_cover(s)), None)
        if stream is None or stream.codec_context is None or not stream.codec_context.width:
            self._stack.close()
            raise MediaError(f"video {path} must have a picture track but has none; name another file")
        stream.thread_type = "AUTO"
        self._container, self._stream = container, stream
        # One for all pictures: each of PyAV's frames would set up its own, which takes longer than the conversion.
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
        """Pictures left out so far, for they had no timestamp or one that did not rise."""

    def frames(self) -> Iterator[VideoFrame]:
        """Read from the start to the end.

        Yields:
            Pictures with strictly rising times.

        Raises:
            MediaError: not one picture could be decoded.
        """
        zero_s = sound_start_s(self.info.path) if self.info.has_sound else None
        last_s = -math.inf
        for frame in decode(self._container, self._stream):
            zero_s = frame.time if zero_s is None else zero_s
            if frame.time is None or frame.time - zero_s <= last_s:
                self.n_dropped += 1
                continue
            last_s = frame.time - zero_s
            yield VideoFrame(last_s, self._upright(frame))
        if last_s == -math.inf:
            raise MediaError(f"video {self.info.path} must hold pictures but none can be decoded; it may be cut off")

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
    """A silent film at a constant rate, written beside its place and renamed when complete. A context manager."""

    def __init__(self, path: Path, *, fps: float, width: int, height: int, force: bool = False) -> None:
        """Open a file for writing.

        Args:
            path: .mp4, .mkv or another container that FFmpeg writes.
            fps: pictures a second.
            width: pixels; an odd one gets a column more.
            height: pixels; an odd one gets a row more.
            force: replace a file that exists.

        Raises:
            MediaError: FFmpeg knows no such format, or the place cannot be written.
        """
        self._pad = ((0, height % 2), (0, width % 2), (0, 0))
        self._stack = ExitStack()
        temporary = self._stack.enter_context(beside(path, force=force))
        try:
            self._container = self._stack.enter_context(av.open(str(temporary), "w"))
            codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
            self._stream = self._container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        except (av.FFmpegError, ValueError) as error:
            refusal = MediaError(f"output {path} must be a film that FFmpeg writes but is not ({error}); use .mp4")
            self._stack.__exit__(MediaError, refusal, None)
            raise refusal from None
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"

    def write(self, image: Image) -> None:
        """Append a picture, `(height, width, 3)` RGB."""
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


def films_under(folder: Path) -> list[Path]:
    """All films of a folder and of the folders in it, by their names' suffixes, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in FILMS and path.is_file())


def probe_video(path: Path) -> VideoInfo:
    """Size, rate and length of a file's picture, without decoding it.

    Raises:
        MediaError: as `VideoReader`.
    """
    with VideoReader(path) as reader:
        return reader.info


def has_picture(path: Path) -> bool:
    """True if a file is a container with moving pictures, not a sound file with a cover.

    Raises:
        MediaError: the file is missing or not media at all.
    """
    check_file(path, kind="input")
    with open_container(path, kind="input") as container:
        return any(not _is_cover(stream) for stream in container.streams.video)


def sound_start_s(path: Path) -> float:
    """When the first sample of a container's sound is heard, on the container's clock, in seconds.

    The first *decoded* frame tells, for encoders put silence before the first sample that decoders take away again.
    """
    with open_container(path, kind="video") as container:
        for frame in decode(container, container.streams.audio[0]):
            if frame.time is not None:
                return float(frame.time)
    return 0.0


def replace_sound(video_path: Path, sound_path: Path, output_path: Path, *, force: bool = False) -> None:
    """Copy a film's picture stream untouched and give it another sound, in sync.

    Args:
        video_path: the film.
        sound_path: new sound; its first sample belongs where the film's own sound starts.
        output_path: film to write.
        force: replace a film that exists.

    Raises:
        MediaError: a file cannot be read, or the output's container cannot hold the picture.
    """
    start_s = sound_start_s(video_path) if probe_video(video_path).has_sound else 0.0
    with ExitStack() as stack:
        temporary = stack.enter_context(beside(output_path, force=force))
        film = stack.enter_context(open_container(video_path, kind="video"))
        sound = stack.enter_context(AudioReader(sound_path))
        try:
            # An MP4 counts its length in thousandths by default, too coarse to end on the right sample.
            fine = {"movie_timescale": str(sound.info.sample_rate)}
            is_mp4 = output_path.suffix.lower() in (".mp4", ".m4v", ".mov")
            output = stack.enter_context(av.open(str(temporary), "w", options=fine if is_mp4 else {}))
            picture = next(s for s in film.streams.video if not _is_cover(s))
            picture_out = output.add_stream_from_template(picture)
            track = _SoundTrack(output, sound, start_s=start_s)
            for packet in _with_decoding_times(film.demux(picture)):
                packet.stream = picture_out
                # Both streams advance together, or the muxer would hold one of them in memory.
                track.write_until(float(packet.dts * packet.time_base))
                output.mux(packet)
            track.write_until(math.inf)
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(
                f"output {output_path} must be able to hold this picture but is not ({error}); use {video_path.suffix}"
            ) from None


class _SoundTrack:
    """Encodes a reader's sound into a container, a little at a time."""

    def __init__(self, output: "av.container.OutputContainer", reader: AudioReader, *, start_s: float) -> None:
        rate, channels = reader.info.sample_rate, reader.info.n_channels
        codec = {"webm": "libopus", "matroska": "flac"}.get(output.format.name, "aac")
        target = 48000 if codec == "libopus" else rate
        self._layout = "mono" if channels == 1 else "stereo" if channels == 2 else f"{channels} channels"
        self._stream = output.add_stream(codec, rate=target, layout=self._layout)
        self._stream.time_base = Fraction(1, target)
        kind = {"flac": "s32", "aac": "fltp", "libopus": "flt"}[codec]
        self._resampler = av.AudioResampler(format=kind, layout=self._layout, rate=target, frame_size=0)
        if codec == "aac":
            self._stream.bit_rate = 96000 * channels
        self._output, self._rate, self._target = output, rate, target
        self._blocks = reader.blocks(4096)
        self._position = round(start_s * rate)
        self._done = False

    def write_until(self, time_s: float) -> None:
        """Encode all sound before a time."""
        while not self._done and self._position < time_s * self._rate:
            block = next(self._blocks, None)
            if block is None:
                self._finish()
                return
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = (
                self._rate,
                self._position,
                Fraction(1, self._rate),
            )
            self._position += block.shape[1]
            for converted in self._resampler.resample(frame):
                self._output.mux(self._stream.encode(converted))

    def _finish(self) -> None:
        for converted in self._resampler.resample(None):
            self._output.mux(self._stream.encode(converted))
        self._output.mux(self._stream.encode(None))
        self._done = True


def _with_decoding_times(packets: Iterator["av.Packet"]) -> Iterator["av.Packet"]:
    """Give the first packets, which Matroska leaves without, the decoding times that lead up to the first known one."""
    waiting: list[av.Packet] = []
    for packet in packets:
        if packet.dts is None and packet.pts is not None:
            waiting.append(packet)
        elif packet.dts is not None:
            for n_before, early in zip(range(len(waiting), 0, -1), waiting, strict=True):
                early.dts = packet.dts - n_before * max(packet.duration or 0, 1)
                yield early
            waiting.clear()
            yield packet


def _is_cover(stream: "av.VideoStream") -> bool:
    """True for the still picture that music files carry."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
