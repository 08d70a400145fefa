"""MP3 files put one behind the other, of which libmpg123 reads the first alone."""

from pathlib import Path

from avse.media.mp3_length import first_frame_at

HEAD_BYTES = 8192
"""From the first frame on, in which its Xing header lies."""


def is_joined(path: Path) -> bool:
    """True if MPEG frames follow after the bytes that the first stream's Xing header counts."""
    with path.open("rb") as file:
        start = first_frame_at(file.read(10))
        file.seek(start)
        frame = file.read(HEAD_BYTES)
        mark = max(frame.find(b"Xing"), frame.find(b"Info"))
        if mark < 0 or len(frame) < mark + 16 or not frame[mark + 7] & 2:
            return False
        after = mark + (12 if frame[mark + 7] & 1 else 8)
        file.seek(start + int.from_bytes(frame[after : after + 4], "big"))
        following = file.read(4)
    return following[:3] == b"ID3" or (len(following) > 1 and following[0] == 0xFF and following[1] & 0xE0 == 0xE0)
