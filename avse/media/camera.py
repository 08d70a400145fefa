"""Pictures as a camera takes them, or as a film would be seen if it were happening now."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from avse.errors import MediaError
from avse.media.video import VideoFrame, VideoReader

RETRY_S = 1.0
"""Between attempts to open a camera that went away."""


def camera_pictures(
    number: int, *, now_s: Callable[[], float], stopped: Callable[[], bool], capture: Callable[[int], Any] | None = None
) -> Iterator[VideoFrame]:
    """Pictures of a camera; one that goes away is opened again when it is back.

    Args:
        number: of the camera, 0 for the first.
        now_s: seconds since the first sample of the sound.
        stopped: True when no more pictures are wanted.
        capture: opens a camera as `cv2.VideoCapture` does, which is the default.

    Raises:
        MediaError: there is no such camera at the start.
    """
    open_camera = capture or cv2.VideoCapture
    device = open_camera(number)
    if not device.isOpened():
        raise MediaError(f"camera {number} must be there but cannot be opened; try another number or --no-camera")
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


def film_pictures(path: Path, *, now_s: Callable[[], float], max_height: int | None = None) -> Iterator[VideoFrame]:
    """Pictures of a film, each no sooner than its time.

    Args:
        path: of the film.
        now_s: seconds since the first sample of the sound.
        max_height: pixels; larger pictures are shrunk to it.
    """
    with VideoReader(path, max_height=max_height) as reader:
        for picture in reader.frames():
            time.sleep(max(0.0, picture.time_s - now_s()))
            yield picture
