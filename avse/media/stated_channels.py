"""How many channels the header of an uncompressed audio file states, for the message of those that cannot be read.

FFmpeg counts none where a header states more than 512.
"""

import struct
from pathlib import Path

HEADER_BYTES = 4096
PLACES = {
    b"RIFF": (b"fmt ", 10, "<H"), b"RF64": (b"fmt ", 10, "<H"), b"RIFX": (b"fmt ", 10, ">H"),
    b"riff": (b"fmt ", 26, "<H"), b"FORM": (b"COMM", 8, ">H"), b"caff": (b"desc", 36, ">I"),
    b".snd": (b".snd", 20, ">I"),
}  # fmt: skip
"""By a file's first four bytes: the chunk that has the count, the bytes from its name to the count, and its type."""


def stated_channels(path: Path) -> int | None:
    """Read the channel count of a WAV (RIFF, RF64, W64), AIFF, CAF or AU header.

    Args:
        path: a file that can be read.

    Returns:
        The count as it is stated; None in any other format, and where the header ends before it.
    """
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if header[:4] not in PLACES:
        return None
    chunk, offset, kind = PLACES[header[:4]]
    start = header.find(chunk) + offset
    if start < offset or start + struct.calcsize(kind) > len(header):
        return None
    (count,) = struct.unpack_from(kind, header, start)
    return int(count)
