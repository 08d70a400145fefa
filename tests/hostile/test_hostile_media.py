"""Every hostile file gives the expected answer: the audio it holds, in sync, or one line that says why not."""

import re

import hostile_cases
import numpy as np
import pytest

from avse.errors import MediaError
from avse.media.audio import AudioReader
from avse.media.video import VideoReader

CASES = hostile_cases.all_cases()


def test_there_are_enough_and_each_once():
    assert len(CASES) >= 300
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answer(case, tmp_path):
    path = tmp_path / case.name
    case.make(path)
    expected = case.expected
    if expected.refused is not None:
        with pytest.raises(MediaError, match=expected.refused) as caught:
            _read(path, with_video=True)
        assert "\n" not in str(caught.value)
        return
    if expected.may_refuse:
        message = _refusal(path, with_video=case.name.endswith((".mp4", ".mkv", ".mov", ".webm", ".avi", ".ts")))
        assert "\n" not in message
        return
    info, waveform, problems, frames = _read(path, with_video=expected.n_frames is not None)
    assert (info.sample_rate, len(waveform)) == (expected.rate, expected.n_channels)
    assert waveform.shape[1] / info.sample_rate == pytest.approx(expected.duration_s, abs=expected.slack_s + 1e-9)
    if expected.problem is None:
        assert problems == []
    else:
        assert any(re.search(expected.problem, problem) for problem in problems), problems
    if expected.click_s is not None:
        for channel in waveform:
            click_s = np.argmax(np.abs(channel)) / info.sample_rate
            is_low = np.abs(channel).max() < 0.2  # the encoder takes a click out of a low-frequency channel
            assert is_low or click_s == pytest.approx(expected.click_s, abs=expected.tolerance_s)
    if expected.n_frames is not None:
        assert len(frames) == expected.n_frames
    if expected.flash_s is not None:
        flash_s = next(time_s for time_s, mean in frames if mean > 128)
        assert flash_s == pytest.approx(expected.flash_s, abs=expected.tolerance_s)


def _refusal(path, *, with_video):
    try:
        _read(path, with_video=with_video)
    except MediaError as error:
        return str(error)
    return ""


def _read(path, *, with_video):
    with AudioReader(path) as reader:
        waveform = np.concatenate(list(reader.blocks()), axis=1)
        info, problems = reader.info, reader.problems
    frames = []
    if with_video and path.suffix not in (".wav", ".flac", ".mp3"):
        with VideoReader(path, max_height=120) as video:
            frames = [(frame.time_s, frame.image.mean()) for frame in video.frames()]
    return info, waveform, problems, frames
