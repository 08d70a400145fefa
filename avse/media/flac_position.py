"""Where a FLAC frame belongs, read from its own header (RFC 9639, section 9.1)."""

BLOCK_SIZES = {1: 192, **{code: 576 << (code - 2) for code in range(2, 6)}}
BLOCK_SIZES |= {code: 256 << (code - 8) for code in range(8, 16)}
"""Samples of a frame by the code in its header; 6 and 7 stand for a number that follows."""


def flac_position(packet: bytes, *, n_samples: int) -> int | None:
    """Index of a frame's first sample in its stream.

    Args:
        packet: one frame as it is stored.
        n_samples: that it decodes to.

    Returns:
        The index, or None if this is no frame header. Frames of a stream with a fixed block size are numbered, and
        only a last one is shorter: its index is not known if its size is not one of the usual ones.
    """
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xFE != 0xF8:
        return None
    number = _coded_number(packet[4:11])
    if number is None or packet[1] & 1:  # variable block size: samples are counted, not frames
        return number
    return number * BLOCK_SIZES.get(packet[2] >> 4, n_samples)


def _coded_number(data: bytes) -> int | None:
    """A number in the extended UTF-8 that FLAC uses."""
    first = data[0]
    n_more = 0
    while n_more < 7 and first & (0x80 >> n_more):
        n_more += 1
    if n_more == 0:
        return first
    if n_more == 1 or len(data) < n_more:
        return None
    number = first & (0x7F >> n_more)
    for byte in data[1:n_more]:
        if byte & 0xC0 != 0x80:
            return None
        number = number << 6 | byte & 0x3F
    return number
