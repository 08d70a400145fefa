"""What an audio file says of itself: title, artist and the like, and its cover."""

import base64
import struct
from dataclasses import dataclass, field
from pathlib import Path

import av

from avse.errors import MediaError
from avse.media.container import open_container

TECHNICAL = {
    "major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id", "duration",
    "creation_time", "metadata_block_video_frame", "language", "itunsmpb", "bps", "number_of_bytes", "number_of_frames",
}  # fmt: skip
"""Names, in small letters, that describe how a file is stored and not what it is."""
MAX_COVER_BYTES = 16 * 2**20
MIME_TYPES = {"mjpeg": "image/jpeg", "png": "image/png"}


@dataclass(frozen=True)
class Tags:
    """Text by name, and a cover."""

    text: dict[str, str] = field(default_factory=dict)
    cover: bytes | None = None
    """An image as it is stored in the file."""
    cover_codec: str = "mjpeg"
    """FFmpeg's name: `mjpeg` or `png`."""
    cover_size: tuple[int, int] = (0, 0)
    """Width and height, pixels."""

    def write(self, container: "av.container.OutputContainer", *, suffix: str) -> None:
        """Store them in a container whose audio stream has been added and whose header is not written yet."""
        container.metadata.update(self.text)
        if self.cover is None:
            return
        if suffix.lower() == ".opus":
            container.metadata["METADATA_BLOCK_PICTURE"] = base64.b64encode(self._flac_image()).decode()
            return
        width, height = self.cover_size
        stream = container.add_mux_stream(self.cover_codec, width=width, height=height)
        stream.disposition = int(av.stream.Disposition.attached_pic)
        packet = av.Packet(self.cover)
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = stream, 0, 0, True
        container.mux(packet)

    def _flac_image(self) -> bytes:
        """The cover as a FLAC image block (RFC 9639, section 8.8), which Vorbis comments carry in base64."""
        mime = MIME_TYPES[self.cover_codec].encode()
        assert_front = 3
        head = struct.pack(">II", assert_front, len(mime)) + mime + struct.pack(">I", 0)
        width, height = self.cover_size
        return head + struct.pack(">IIIII", width, height, 24, 0, len(self.cover or b"")) + (self.cover or b"")


def read_tags(path: Path) -> Tags:
    """Read the tags of any media file; a file that FFmpeg cannot open has none."""
    try:
        with open_container(path, kind="audio") as container:
            return Tags(text_of(container), *_cover(container))
    except (MediaError, av.FFmpegError):
        return Tags()


def text_of(container: "av.container.InputContainer") -> dict[str, str]:
    """What a container says of itself in words, its first audio track included."""
    text = dict(container.metadata)
    for stream in container.streams.audio[:1]:
        text = {**stream.metadata, **text}
    return {name: value for name, value in text.items() if name.lower() not in TECHNICAL}


def is_cover(stream: "av.stream.Stream") -> bool:
    """True for the still image that audio files carry as a stream of video."""
    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def _cover(container: "av.container.InputContainer") -> tuple[bytes | None, str, tuple[int, int]]:
    for stream in container.streams.video:
        if is_cover(stream) and stream.codec_context is not None and stream.codec_context.name in MIME_TYPES:
            size = (stream.codec_context.width, stream.codec_context.height)
            for packet in container.demux(stream):
                if 0 < packet.size <= MAX_COVER_BYTES:
                    return bytes(packet), stream.codec_context.name, size
                break
    return None, "mjpeg", (0, 0)
