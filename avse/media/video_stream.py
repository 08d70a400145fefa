"""A stream of video to encode, the same bytes for the same video frames."""

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

VIDEO_CODEC: Literal["libx264", "mpeg4"] = "libx264" if "libx264" in av.codecs_available else "mpeg4"


def add_video_stream(
    container: "OutputContainer", *, fps: Fraction, width: int, height: int, options: dict[str, str] | None = None
) -> "VideoStream":
    """Add a stream of H.264, or of MPEG-4 where FFmpeg was built without x264.

    Args:
        container: it becomes part of.
        fps: video frames a second.
        width: pixels, even.
        height: pixels, even.
        options: of the encoder, beside those that make it repeat itself.

    Returns:
        The stream; its time base is the encoder's own.

    Raises:
        av.FFmpegError: the encoder cannot be had.
        ValueError: the container takes no such stream.
    """
    stream = container.add_stream(VIDEO_CODEC, rate=fps)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    # The order in which threads end decides bytes, and so does x264's tree of macroblocks, which reads memory
    # that nothing has written: with it the same video frames came out differently now and then.
    stream.thread_count = 1
    repeatable = {"mbtree": "0"} if VIDEO_CODEC == "libx264" else {}
    stream.options = {**(options or {}), **repeatable}
    return stream
