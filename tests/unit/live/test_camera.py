"""A camera that goes away is opened again; one that was never there is reported."""

import numpy as np
import pytest

from avse.errors import MediaError
from avse.live import camera
from avse.live.camera import camera_frames


class Capture:
    """A camera that gives some video frames and then goes away."""

    def __init__(self, n_video_frames):
        self.left, self.released = n_video_frames, False

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return self.left > 0

    def read(self):
        self.left -= 1
        image = np.zeros((4, 6, 3), dtype=np.uint8)
        image[..., 0] = 200
        return self.left >= 0, image

    def release(self):
        self.released = True


def test_a_camera_that_disappears_is_opened_again(monkeypatch):
    monkeypatch.setattr(camera, "RETRY_S", 0.0)
    opened = []

    def capture(number):
        opened.append(Capture(2))
        return opened[-1]

    video_frames = camera_frames(3, now_s=iter(range(100)).__next__, stopped=lambda: len(opened) > 2, capture=capture)
    taken = list(video_frames)
    assert [video_frame.time_s for video_frame in taken] == [0, 1, 2, 3]
    assert all(video_frame.image[0, 0].tolist() == [0, 0, 200] for video_frame in taken)
    assert all(device.released for device in opened)


def test_no_camera_is_reported():
    video_frames = camera_frames(7, now_s=lambda: 0.0, stopped=lambda: False, capture=lambda number: Capture(0))
    with pytest.raises(MediaError, match="camera 7 must be there but cannot be opened"):
        next(video_frames)
