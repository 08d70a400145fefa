"""What passes over a stream: a kind, a time, and bytes.

A binary message begins with 16 bytes, little-endian: a letter padded to 8 bytes, and a time in seconds as a 64-bit
float. `a` is audio: 32-bit floats, full scale +-1, channels interleaved. `v` is a video frame as JPEG, taken at that
time after the first sample. Text messages are JSON.
"""

import struct
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.media.limits import MAX_PIXELS
from avse.types import Waveform

HEAD = struct.Struct("<8sd")
AUDIO, VIDEO = b"a", b"v"
MARKER_FRAMES = (0xC0, 0xC1, 0xC2, 0xC3)
"""JPEG's markers before the size of the image."""


class Message(NamedTuple):
    """A binary message."""

    kind: bytes
    time_s: float
    content: bytes


class StillFrame(NamedTuple):
    """A video frame of a stream."""

    time_s: float
    image: npt.NDArray[np.uint8]
    """`(height, width, 3)` RGB."""


def encode(kind: bytes, content: bytes, *, time_s: float = 0.0) -> bytes:
    """A message as bytes."""
    return HEAD.pack(kind, time_s) + content


def decode(data: bytes) -> Message:
    """What `encode` made.

    Raises:
        InputError: it is no message.
    """
    if len(data) < HEAD.size:
        raise InputError(f"a message must have {HEAD.size} bytes or more but has {len(data)}; see the protocol")
    kind, time_s = HEAD.unpack_from(data)
    kind = kind.rstrip(b"\0")
    if kind not in (AUDIO, VIDEO):
        raise InputError(f"a message must be of kind a or v but is of {kind[:8]!r}; see the protocol")
    return Message(kind, time_s, data[HEAD.size :])


def samples_of(message: Message, *, n_channels: int) -> Waveform:
    """`(channels, samples)` of an audio message.

    Raises:
        InputError: its length is none of whole samples.
    """
    if len(message.content) % (4 * n_channels):
        raise InputError(
            f"audio must be whole 32-bit samples of {n_channels} channel(s) but is {len(message.content)} bytes"
        )
    interleaved = np.frombuffer(message.content, "<f4")
    return np.ascontiguousarray(interleaved.reshape(-1, n_channels).T)


def audio_message(samples: Waveform, *, time_s: float) -> bytes:
    """Samples, `(channels, samples)`, as a message."""
    return encode(AUDIO, np.ascontiguousarray(samples.T).astype("<f4").tobytes(), time_s=time_s)


def frame_of(message: Message) -> StillFrame:
    """The video frame of a message.

    Raises:
        InputError: it is no JPEG, or too large.
    """
    height, width = _jpeg_size(message.content)
    if height * width > MAX_PIXELS or min(height, width) < 16:
        raise InputError(f"a video frame must have 16 pixels a side to {MAX_PIXELS} in all but is {width} x {height}")
    decoded = cv2.imdecode(np.frombuffer(message.content, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise InputError("a video frame must be a JPEG but cannot be decoded; check the encoder")
    return StillFrame(message.time_s, cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False))


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Height and width from the header: a small file may unpack to gigabytes."""
    position = 2
    if content[:2] != b"\xff\xd8":
        raise InputError("a video frame must be a JPEG but is not; encode it as one")
    while position + 9 <= len(content) and content[position] == 0xFF:
        marker, length = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
        if marker in MARKER_FRAMES:
            return int.from_bytes(content[position + 5 : position + 7]), int.from_bytes(
                content[position + 7 : position + 9]
            )
        position += 2 + length
    raise InputError("a video frame must be a JPEG but has no size; check the encoder")
