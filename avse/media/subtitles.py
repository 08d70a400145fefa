"""Text subtitles from the form of one container into that of another."""

import struct

import av

TEXT_CODECS = ("mov_text", "subrip", "srt", "webvtt", "text")
TARGETS = {"mp4": "mov_text", "mov": "mov_text", "ipod": "mov_text", "matroska": "subrip", "webm": "webvtt"}
"""What each container holds text as."""


def subtitle_codec(format_name: str, *, source: str) -> str | None:
    """The codec that a container holds such subtitles as; None if it cannot hold them.

    Args:
        format_name: FFmpeg's name of the container.
        source: FFmpeg's name of the codec.
    """
    return TARGETS.get(format_name) if source in TEXT_CODECS else None


def convert_subtitle(packet: "av.Packet", source: str, target: str) -> "av.Packet | None":
    """A packet of text in another codec's form; None without text.

    MP4 puts its length before the text (ETSI TS 126 245), and has packets without text between two subtitles, which its
    muxer adds again.
    """
    data = bytes(packet)
    if source == "mov_text":
        n_bytes = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 0
        if n_bytes == 0:
            return None
        data = data if target == source else data[2 : 2 + n_bytes]
    if target == source:
        return packet
    if target == "mov_text":
        data = struct.pack(">H", len(data[:65535])) + data[:65535]
    converted = av.Packet(data)
    converted.pts, converted.dts, converted.duration = packet.pts, packet.dts, packet.duration
    converted.time_base = packet.time_base
    converted.is_keyframe = True
    return converted
