"""A stream of video comes out the same every time, whatever lay in memory before."""

import io
from fractions import Fraction

import av
import numpy as np

from avse.media.video_stream import add_video_stream

WIDTH, HEIGHT = 352, 288


def _encoded(images):
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        stream = add_video_stream(container, fps=Fraction(25), width=WIDTH, height=HEIGHT)
        frames = (av.VideoFrame.from_ndarray(image, format="rgb24") for image in images)
        packets = [bytes(packet) for frame in (*frames, None) for packet in stream.encode(frame)]
    return b"".join(packets)


def test_the_same_images_are_the_same_bytes_whatever_lay_in_memory():
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    images = [np.stack([columns + 2 * n, rows + n, columns + rows], -1).astype(np.uint8) for n in range(6)]
    rng = np.random.default_rng(0)
    found, litter = set(), []
    for number in range(60):
        # Freed memory of changing sizes and values is what an encoder that reads unwritten memory would read.
        litter = [*litter[-2:], np.full(rng.integers(1_000, 900_000), 37 * number % 256, np.uint8)]
        found.add(_encoded(images))
    assert len(found) == 1
