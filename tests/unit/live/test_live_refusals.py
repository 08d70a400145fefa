"""What a live stream refuses, and what one wrong video frame costs."""

import numpy as np
import pytest

from avse.enhance.enhancer import Enhancer
from avse.errors import InputError, MediaError
from avse.faces.detect import Box
from avse.live.session import LiveSession
from avse.live.stream import StreamingEnhancer
from avse.media.video import VideoFrame


@pytest.fixture(scope="module")
def enhancer(live_graph):
    return Enhancer.load(str(live_graph))


@pytest.fixture(scope="module")
def video_frames(talk):
    return [VideoFrame(time_s, image) for time_s, image in zip(talk.times_s, talk.images, strict=True)]


class Still:
    """Finds one face where it always is."""

    def detect(self, image):
        height, width = image.shape[:2]
        return [Box(0.3 * width, 0.2 * height, 0.4 * width)]


@pytest.mark.parametrize("wrong_s", [np.inf, -np.inf, np.nan, 3 * 86400.0])
@pytest.mark.parametrize("place", [0, 20])
def test_one_video_frame_with_a_wrong_time_costs_only_itself(enhancer, talk, video_frames, wrong_s, place):
    def enhanced(shown):
        stream = StreamingEnhancer(enhancer, sample_rate=talk.rate, detector=Still())
        blocks = []
        for number, start in enumerate(range(0, len(talk.noisy), 640)):
            blocks.append(stream.push(talk.noisy[start : start + 640], shown(number)))
        whole = np.concatenate([*blocks, stream.flush()])
        return whole, stream.n_dropped_video_frames, stream._stream.gain.n_with_video

    def good(number):
        return [video_frames[number]] if number < len(video_frames) and number != place else []

    def bad(number):
        return [VideoFrame(wrong_s, video_frames[place].image)] if number == place else good(number)

    (without, n_none, n_frames), (given, n_dropped, n_then) = enhanced(good), enhanced(bad)
    assert (n_none, n_dropped) == (0, 1)
    assert abs(n_then - n_frames) <= 5
    np.testing.assert_allclose(given[16000:], without[16000:], atol=2e-3)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(160, np.int16), "must be floating point"),
        (np.zeros(160, bool), "must be floating point"),
        (np.zeros(160, np.complex64), "must be floating point"),
        (np.array([None] * 160), "must be floating point"),
        (np.zeros((2, 160), np.float32), r"1 channel\(s\)"),
        (np.zeros((1, 1, 160), np.float32), r"1 channel\(s\)"),
    ],
)
def test_samples_of_another_form_are_refused_and_change_nothing(enhancer, talk, samples, words):
    stream = StreamingEnhancer(enhancer, sample_rate=talk.rate)
    with pytest.raises(InputError, match=words):
        stream.push(samples)
    whole = np.concatenate([stream.push(talk.noisy), stream.flush()])
    np.testing.assert_allclose(whole, enhancer.enhance(talk.noisy, sample_rate=talk.rate), atol=1e-5)


@pytest.mark.parametrize(
    ("video_frame", "words"),
    [
        (VideoFrame(0.0, np.zeros((90, 90, 3), np.float32)), r"must be \(height, width, 3\) uint8"),
        (VideoFrame(0.0, np.zeros((90, 90), np.uint8)), r"must be \(height, width, 3\) uint8"),
        (VideoFrame(0.0, np.zeros((90, 90, 4), np.uint8)), r"must be \(height, width, 3\) uint8"),
        (VideoFrame(0.0, None), r"must be \(height, width, 3\) uint8"),
        (VideoFrame(0.0, np.zeros((0, 90, 3), np.uint8)), "16 to 16384 pixels"),
        (VideoFrame("now", np.zeros((90, 90, 3), np.uint8)), "must have time_s"),
        (np.zeros((90, 90, 3), np.uint8), "must have time_s"),
    ],
)
def test_video_frames_of_another_form_are_refused(enhancer, talk, video_frame, words):
    stream = StreamingEnhancer(enhancer, sample_rate=talk.rate)
    with pytest.raises(InputError, match=words):
        stream.push(talk.noisy[:640], [video_frame])


def test_a_stream_that_was_flushed_takes_nothing_more(enhancer, talk):
    stream = StreamingEnhancer(enhancer, sample_rate=talk.rate)
    stream.push(talk.noisy[:640])
    assert len(stream.flush()) > 0
    assert len(stream.flush()) == 0
    with pytest.raises(InputError, match="was flushed"):
        stream.push(talk.noisy[:640])


@pytest.mark.parametrize(
    "wrong",
    [{"sample_rate": 0}, {"sample_rate": -16000}, {"sample_rate": 2_000_000_000}, {"sample_rate": 16000.5},
     {"sample_rate": 16000, "n_channels": 0}, {"sample_rate": 16000, "n_channels": 65},
     {"sample_rate": 16000, "offset_s": np.nan}, {"sample_rate": 16000, "offset_s": np.inf}],
)  # fmt: skip
def test_forms_that_no_audio_has_are_refused(enhancer, wrong):
    with pytest.raises(InputError, match="must be"):
        StreamingEnhancer(enhancer, **wrong)


class _Interrupted:
    """A source that the user stops."""

    sample_rate, n_channels = 16000, 1

    def __init__(self, waveform, error):
        self.waveform, self.error = waveform, error

    def blocks(self, *, now_s):
        yield self.waveform[None, :16000].astype(np.float32)
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MediaError("it went away")])
def test_what_was_taken_before_a_session_is_stopped_is_given(enhancer, talk, error):
    given = []

    class Sink:
        def write(self, samples):
            given.append(samples)

    session = LiveSession(
        StreamingEnhancer(enhancer, sample_rate=16000), audio=_Interrupted(talk.noisy, error), sinks=[Sink()]
    )
    with pytest.raises(type(error)):
        session.run(None)
    assert np.concatenate(given, axis=-1).shape[-1] == 16000
