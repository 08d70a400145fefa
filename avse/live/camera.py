"""Video frames as a camera takes them, or as a video would be seen if it were happening now."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from avse.errors import MediaError
from avse.media.video import VideoFrame, VideoReader

RETRY_S = 1.0
"""Between attempts to open a camera that went away."""


def camera_frames(
    number: int, *, now_s: Callable[[], float], stopped: Callable[[], bool], capture: Callable[[int], Any] | None = None
) -> Iterator[VideoFrame]:
    """Video frames of a camera; one that goes away is opened again when it is back.

    Args:
        number: of the camera, 0 for the first.
        now_s: seconds since the first sample of the audio.
        stopped: True when no more video frames are wanted.
        capture: opens a camera as `cv2.VideoCapture` does, which is the default.

    Raises:
        MediaError: there is no such camera at the start.
    """
    open_camera = capture or cv2.VideoCapture
    device = open_camera(number)
    if not device.isOpened():
        raise MediaError(
            f"camera {number} must be there but cannot be opened; try another number, or go without a camera"
        )
    try:
        while not stopped():
            there, image = device.read()
            if there:
                yield VideoFrame(now_s(), cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
                continue
            device.release()
            time.sleep(RETRY_S)
            device = open_camera(number)
    finally:
        device.release()


def file_frames(path: Path, *, now_s: Callable[[], float], max_height: int | None = None) -> Iterator[VideoFrame]:
    """Video frames of a video, each no sooner than its time.

    Args:
        path: of the video.
        now_s: seconds since the first sample of the audio.
        max_height: pixels; larger video frames are shrunk to it.
    """
    with VideoReader(path, max_height=max_height) as reader:
        for video_frame in reader.frames():
            time.sleep(max(0.0, video_frame.time_s - now_s()))
            yield video_frame
