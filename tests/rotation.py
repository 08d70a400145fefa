"""A container's note that its video is to be shown turned, as phones write it."""

from pathlib import Path


def turn(path: Path, degrees: int) -> None:
    """Write a rotation into the display matrix of an mp4's track header (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    one = 1 << 16
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    # FFmpeg counts the video's turn counter-clockwise.
    matrix = [cosine * one, -sine * one, 0, sine * one, cosine * one, 0, 0, 0, 1 << 30]
    start = data.index(b"tkhd") + 4 + 4 + 20 + 16
    data[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(data)
