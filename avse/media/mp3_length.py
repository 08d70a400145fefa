"""The length of an MP3 file, which stands in the Xing header of its first frame.

FFmpeg counts the padding of the last frame only. Where that is all padding (a twentieth of all lengths), up to 47
samples of the frame before would be heard, too.
"""

from pathlib import Path

DECODER_DELAY = 529
"""Samples by which every decoder is late; what a header may not take from the end."""
HEAD_BYTES = 65536
"""Of the first frame, from its sync word on, the most that are searched."""
TAG = 120
"""Bytes from `Xing` or `Info` to LAME's tag where all four fields of the former are there."""
PADDING, CRC = TAG + 21, TAG + 34
"""Bytes from there to 12 bits of delay and 12 of padding, and to the checksum of all before it."""


def write_length(path: Path, n_samples: int, *, sample_rate: int) -> None:
    """Let a file end on the right sample; one without a whole Xing header stays as it is.

    Args:
        path: of an MP3 file that FFmpeg wrote.
        n_samples: per channel, that were encoded.
        sample_rate: Hz, of the encoder.
    """
    with path.open("r+b") as file:
        file.seek(first_frame_at(file.read(10)))
        start, head = file.tell(), bytearray(file.read(HEAD_BYTES))
        mark = max(head.find(b"Xing"), head.find(b"Info"))
        if mark < 0 or len(head) < mark + CRC + 2 or head[mark + 7] != 0x0F:
            return
        n_frames = int.from_bytes(head[mark + 8 : mark + 12], "big")
        both = int.from_bytes(head[mark + PADDING : mark + PADDING + 3], "big")
        delay = both >> 12
        padding = n_frames * (1152 if sample_rate >= 32000 else 576) - delay - n_samples
        if not DECODER_DELAY <= padding < 1 << 12:
            return
        head[mark + PADDING : mark + PADDING + 3] = (delay << 12 | padding).to_bytes(3, "big")
        head[mark + CRC : mark + CRC + 2] = _crc16(head[: mark + CRC]).to_bytes(2, "big")
        file.seek(start)
        file.write(head[: mark + CRC + 2])


def first_frame_at(head: bytes) -> int:
    """Bytes before the first frame: those of an ID3v2 tag, whose size has four times seven bits (ID3v2.4, section 6.2).

    Args:
        head: the first 10 bytes of the file.
    """
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])


def _crc16(data: bytes | bytearray) -> int:
    """CRC-16/ARC, which LAME's tag ends with."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
