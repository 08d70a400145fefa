"""What is asked of a file before and beside its reading passes, found out in one opening."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av

from avse.media.container import check_file, open_container
from avse.media.layout import native_layout
from avse.media.tags import MAX_COVER_BYTES, MIME_TYPES, Tags, is_cover, text_of
from avse.media.video import REORDERED_PACKETS


@dataclass(frozen=True)
class Probe:
    """A media file at a glance."""

    path: Path
    has_video: bool
    """Moving video frames; a cover is none."""
    n_audio_tracks: int
    audio_starts_s: tuple[float, ...]
    """When the first sample of each audio track is heard, on the container's clock, as `avse.media.video.audio_start_s`
    finds it; empty without video, for nothing must be in time with it."""
    first_frame_s: float
    """When the first video frame is shown, as `avse.media.video.first_frame_s` finds it; 0 without any."""
    tags: Tags

    def audio_start_s(self, track: int) -> float:
        """When the first sample of an audio track is heard; 0 where that does not matter."""
        return self.audio_starts_s[track] if track < len(self.audio_starts_s) else 0.0


@dataclass
class _Found:
    """What the first packets have shown so far."""

    waiting: set[int]
    """Indices of the streams of audio that have shown no frame yet."""
    starts_s: dict[int, float] = field(default_factory=dict)
    n_frames: int = 0
    """Packets of video."""
    first_frame_s: float | None = None
    cover: bytes | None = None


def probe(path: Path) -> Probe:
    """Look into a file once.

    Raises:
        MediaError: the file is missing or not media at all.
    """
    check_file(path, kind="input")
    with open_container(path, kind="input") as container:
        audio = list(container.streams.audio)
        video = next((stream for stream in container.streams.video if not is_cover(stream)), None)
        cover = _cover_of(container)
        found = _Found({stream.index for stream in audio if stream.codec_context is not None} if video else set())
        _read(container, found, audio=audio, video=video, cover=cover)
        return Probe(
            path,
            has_video=video is not None,
            n_audio_tracks=len(audio),
            audio_starts_s=tuple(found.starts_s.get(stream.index, 0.0) for stream in audio) if video else (),
            first_frame_s=found.first_frame_s or 0.0,
            tags=_tags(container, found, cover),
        )


def _cover_of(container: "av.container.InputContainer") -> "av.VideoStream | None":
    for stream in container.streams.video:
        if is_cover(stream) and stream.codec_context is not None and stream.codec_context.name in MIME_TYPES:
            return stream
    return None


def _read(
    container: "av.container.InputContainer",
    found: _Found,
    *,
    audio: "list[av.AudioStream]",
    video: "av.VideoStream | None",
    cover: "av.VideoStream | None",
) -> None:
    """Read packets until all is found that there is to find."""
    timed = [video, *audio] if video is not None else []
    for stream in timed[1:]:
        if stream.codec_context is not None:
            native_layout(stream.codec_context)
    for packet in _packets(container, [stream for stream in (cover, *timed) if stream is not None]):
        index = packet.stream.index
        if cover is not None and index == cover.index:
            if found.cover is None and 0 < packet.size <= MAX_COVER_BYTES:
                found.cover = bytes(packet)
        elif video is not None and index == video.index:
            _take_frame(found, packet)
        elif index in found.waiting:
            _take_audio(found, packet)
        # Covers come before all else.
        if not found.waiting and (video is None or found.n_frames >= REORDERED_PACKETS):
            return


def _packets(
    container: "av.container.InputContainer", streams: "list[av.stream.Stream]"
) -> Iterator["av.packet.Packet"]:
    if not streams:
        return
    try:
        yield from container.demux(streams)
    except (av.FFmpegError, ValueError):  # damage ends the look; the reading passes report it
        return


def _take_frame(found: _Found, packet: "av.packet.Packet") -> None:
    found.n_frames += 1
    if packet.pts is None or found.n_frames > REORDERED_PACKETS:
        return
    time_s = float(packet.pts * packet.stream.time_base)
    found.first_frame_s = time_s if found.first_frame_s is None else min(found.first_frame_s, time_s)


def _take_audio(found: _Found, packet: "av.packet.Packet") -> None:
    try:
        times_s = [frame.time for frame in packet.decode() if frame.time is not None]
    except (av.FFmpegError, ValueError):
        return
    if times_s:
        found.starts_s[packet.stream.index] = float(times_s[0])
        found.waiting.discard(packet.stream.index)


def _tags(container: "av.container.InputContainer", found: _Found, cover: "av.VideoStream | None") -> Tags:
    if cover is None or found.cover is None:
        return Tags(text_of(container))
    context = cover.codec_context
    return Tags(text_of(container), found.cover, context.name, (context.width, context.height))
