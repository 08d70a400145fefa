"""What a live program can know at a time."""

import numpy as np

from avse.signal.clock import latest_frame_at, video_frame_indices
from avse.signal.stft_config import StftConfig


def test_the_latest_video_is_never_one_of_the_future():
    times_s = np.linspace(0, 2, 101)
    taken_s = np.array([0.1, 0.5, 0.55, 1.2])
    index = latest_frame_at(times_s, taken_s, max_hold_s=0.2)
    for time_s, found in zip(times_s, index, strict=True):
        before = np.flatnonzero(taken_s <= time_s + 0.005)
        expected = before[-1] if len(before) and time_s - taken_s[before[-1]] <= 0.2 else -1
        assert found == expected


def test_no_video_frames_at_all():
    assert (latest_frame_at(np.zeros(3), np.zeros(0)) == -1).all()


def test_video_numbers_by_hand():
    # Frames of 16 ms end 16 ms after their centres; video frames come every 40 ms.
    numbers = video_frame_indices(6, stft=StftConfig(window=512, hop=256, sample_rate=16000), rate_hz=25)
    assert numbers.tolist() == [0, 0, 1, 1, 2, 2]
    later = video_frame_indices(3, stft=StftConfig(window=512, hop=256, sample_rate=16000), rate_hz=25, first_frame=3)
    assert later.tolist() == [1, 2, 2]
