"""Whole, in blocks and live give the same samples, and whatever goes wrong has its answer."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from avse.enhance.enhancer import Enhancer
from avse.errors import ConfigError, InputError
from avse.faces.detect import Box
from avse.faces.mouth import MouthTrack, track_mouth
from avse.faces.speaker import FaceReport
from avse.live.device import BLOCK_S, FileAudio, Playback
from avse.live.session import LiveSession
from avse.live.stream import StreamingEnhancer
from avse.media.video import VideoFrame

RATE = 16000


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


def _cut(length, rng, largest):
    edges = [0]
    while edges[-1] < length:
        edges.append(min(length, edges[-1] + int(rng.integers(1, largest))))
    return list(pairwise(edges))


def _live(enhancer, audio, video_frames, edges, **options):
    """Push pieces of audio, and with each the video frames taken by its end."""
    stream = StreamingEnhancer(enhancer, sample_rate=RATE, detector=Still(), **options)
    waiting, parts = list(video_frames), []
    for start, end in edges:
        due = [video_frame for video_frame in waiting if video_frame.time_s <= end / RATE]
        waiting = waiting[len(due) :]
        parts.append(stream.push(audio[..., start:end], due))
    parts.append(stream.flush())
    return np.concatenate(parts, axis=-1), stream


@pytest.mark.parametrize("largest", [2, 700, 160000])
def test_blocks_of_any_size_give_the_whole(enhancer, talk, video_frames, largest):
    mouth = track_mouth(video_frames, detector=Still())
    gone = mouth.present.copy()
    gone[20:35] = False
    mouth = replace(mouth, present=gone)
    audio = talk.noisy[: RATE // 4] if largest == 2 else talk.noisy
    whole = enhancer.enhance(audio, sample_rate=RATE, mouth=mouth)
    stream = enhancer.stream(sample_rate=RATE, n_channels=1, mouth=mouth)
    parts = [stream.push(audio[None, a:b]) for a, b in _cut(len(audio), np.random.default_rng(largest), largest)]
    parts.append(stream.finish())
    np.testing.assert_allclose(np.concatenate(parts, axis=1)[0], whole, atol=1e-5)
    if len(audio) == len(talk.noisy):
        assert not np.allclose(whole, enhancer.enhance(audio, sample_rate=RATE), atol=1e-4)


@pytest.mark.parametrize("seed", [1, 2])
def test_live_with_dropped_video_frames_gives_the_whole(enhancer, talk, video_frames, seed):
    rng = np.random.default_rng(seed)
    kept = [video_frame for video_frame in video_frames if rng.random() < 0.6]
    whole, _ = _live(enhancer, talk.noisy, kept, [(0, len(talk.noisy))])
    assert whole.shape == talk.noisy.shape
    pieces, _ = _live(enhancer, talk.noisy, kept, _cut(len(talk.noisy), rng, 3000))
    np.testing.assert_allclose(pieces, whole, atol=1e-5)
    blind, _ = _live(enhancer, talk.noisy, [], [(0, len(talk.noisy))])
    assert not np.allclose(whole, blind, atol=1e-4)


class Recorded:
    """Passes on what a live stream's follower shows, and keeps it."""

    def __init__(self, follower):
        self._follower, self._times_s, self._crops, self._present = follower, [], [], []

    def latest(self, times_s):
        crops, present = self._follower.latest(times_s)
        self._times_s.extend(times_s)
        self._crops.extend(crops)
        self._present.extend(present)
        return crops, present

    def track(self):
        present = np.array(self._present)
        report = FaceReport(1, float(present.mean()), "recorded")
        return MouthTrack(np.array(self._times_s), np.array(self._crops), present, report)


def test_a_file_gives_what_a_live_stream_gives_for_the_same_crops(enhancer, talk, video_frames):
    stream = StreamingEnhancer(enhancer, sample_rate=RATE, detector=Still())
    recorded = Recorded(stream.follower)
    stream._stream.gain._video_frames = recorded
    parts, waiting = [], list(video_frames)
    for start, end in _cut(len(talk.noisy), np.random.default_rng(1), 3000):
        due = [video_frame for video_frame in waiting if video_frame.time_s <= end / RATE]
        waiting = waiting[len(due) :]
        parts.append(stream.push(talk.noisy[start:end], due))
    live = np.concatenate([*parts, stream.flush()])
    whole = enhancer.enhance(talk.noisy, sample_rate=RATE, mouth=recorded.track())
    np.testing.assert_allclose(live, whole, atol=1e-5)
    # Those of a file are smoothed with what comes later, so they are others; how much that matters is in RESULTS.md.
    smoothed = enhancer.enhance(talk.noisy, sample_rate=RATE, mouth=track_mouth(video_frames))
    assert not np.allclose(live, smoothed, atol=1e-4)


def test_stereo_at_another_rate_keeps_its_form(enhancer, talk):
    audio = np.stack([talk.noisy, 0.5 * talk.noisy])
    stream = StreamingEnhancer(enhancer, sample_rate=22050, n_channels=2)
    parts = [stream.push(audio[:, a:b]) for a, b in _cut(audio.shape[1], np.random.default_rng(0), 999)]
    parts.append(stream.flush())
    enhanced = np.concatenate(parts, axis=1)
    assert enhanced.shape == audio.shape
    np.testing.assert_allclose(enhanced[1], 0.5 * enhanced[0], atol=1e-5)


def test_nothing_comes_later_than_the_latency(enhancer, talk):
    stream = StreamingEnhancer(enhancer, sample_rate=RATE)
    assert stream.latency_s <= 0.040
    n_in = n_out = 0
    for start in range(0, 8000, 16):
        n_out += len(stream.push(talk.noisy[start : start + 16]))
        n_in += 16
        assert n_in - n_out <= stream.latency_s * RATE


def test_memory_does_not_grow(enhancer, talk, video_frames):
    stream = StreamingEnhancer(enhancer, sample_rate=RATE, detector=Still())

    def held():
        arrays = [*vars(stream._stream).values(), *vars(stream._stream.gain).values()]
        return sum(a.nbytes for a in arrays if isinstance(a, np.ndarray)) + len(stream.follower._crops)

    sizes = []
    for second in range(12):
        shown = [replaced._replace(time_s=replaced.time_s + second) for replaced in video_frames[:25]]
        stream.push(talk.noisy[:RATE], shown)
        sizes.append(held())
    assert max(sizes[6:]) <= max(sizes[:6])


def test_another_rate_or_form_needs_another_stream(enhancer):
    stream = StreamingEnhancer(enhancer, sample_rate=RATE)
    stream.push(np.zeros(100, np.float32), sample_rate=RATE)
    with pytest.raises(InputError, match="must stay 16000 Hz but is 44100 Hz"):
        stream.push(np.zeros(100, np.float32), sample_rate=44100)
    with pytest.raises(InputError, match=r"of 1 channel\(s\) but have the shape \(2, 100\)"):
        stream.push(np.zeros((2, 100), np.float32))


def test_samples_that_are_no_numbers_are_silence(enhancer, talk):
    broken, silent = talk.noisy.copy(), talk.noisy.copy()
    broken[5000:5010], silent[5000:5010] = np.nan, 0
    broken[6000], silent[6000] = np.inf, 0
    one, stream = _live(enhancer, broken, [], [(0, len(broken))])
    other, _ = _live(enhancer, silent, [], [(0, len(silent))])
    np.testing.assert_array_equal(one, other)
    assert stream.n_bad_samples == 11


def test_video_frames_out_of_order_are_skipped_and_counted(enhancer, talk, video_frames):
    whole = [(0, len(talk.noisy))]
    expected, _ = _live(enhancer, talk.noisy, video_frames, whole)
    stream = StreamingEnhancer(enhancer, sample_rate=RATE, detector=Still())
    doubled = [
        p for video_frame in video_frames for p in (video_frame, video_frame._replace(time_s=video_frame.time_s - 0.1))
    ]
    given = np.concatenate([stream.push(talk.noisy, doubled), stream.flush()])
    np.testing.assert_array_equal(given, expected)
    assert stream.n_dropped_video_frames == len(video_frames)


def test_a_late_video_frame_serves_the_audio_from_then_on(enhancer, talk, video_frames):
    stream = StreamingEnhancer(enhancer, sample_rate=RATE, detector=Still())
    blind = StreamingEnhancer(enhancer, sample_rate=RATE, detector=Still())
    half = RATE
    before = stream.push(talk.noisy[:half])
    np.testing.assert_array_equal(before, blind.push(talk.noisy[:half]))
    after = stream.push(talk.noisy[half:], video_frames[:40])
    assert not np.allclose(after, blind.push(talk.noisy[half:]), atol=1e-4)


def test_when_video_frames_stop_the_audio_alone_counts_after_a_moment(enhancer, talk, video_frames):
    _, stream = _live(enhancer, talk.noisy, video_frames[:25], [(0, len(talk.noisy))])
    # Video frames 0 to 24 and 0.2 s of hold: 1.16 s of 2.6 s.
    assert stream._stream.gain.n_with_video / stream._stream.gain.n_frames == pytest.approx(1.16 / 2.6, abs=0.02)
    assert stream.trust == 0


def test_a_model_that_needs_the_future_is_refused(weights):
    with pytest.raises(ConfigError, match="must be a causal one but is avdcnn"):
        StreamingEnhancer(Enhancer.load(str(weights)), sample_rate=RATE)


def test_who_cannot_be_chosen_live_is_reported(enhancer):
    with pytest.raises(InputError, match="must be largest, left, right in live video"):
        StreamingEnhancer(enhancer, sample_rate=RATE, speaker="auto")


def test_a_slow_loudspeaker_drops_the_oldest_audio_and_counts_it():
    playback = Playback(sample_rate=1000, n_channels=1)
    playback.write(np.arange(2000, dtype=np.float32)[None])
    np.testing.assert_array_equal(playback.take(10)[0], np.arange(1500, 1510))
    assert playback.n_dropped == 1500


def test_a_loudspeaker_without_audio_plays_silence():
    playback = Playback(sample_rate=1000, n_channels=2)
    playback.write(np.ones((2, 3), dtype=np.float32))
    np.testing.assert_array_equal(playback.take(5), [[1, 1, 1, 0, 0]] * 2)
    assert playback.n_dropped == 0


class Collected:
    def __init__(self):
        self.parts = []

    def write(self, samples):
        self.parts.append(samples)


def test_a_session_keeps_pace_and_loses_no_audio(enhancer, media, talk, video_frames):
    sink = Collected()
    with FileAudio(media / "noisy.wav") as audio:
        streaming = StreamingEnhancer(enhancer, sample_rate=RATE, detector=Still())
        session = LiveSession(streaming, audio=audio, sinks=[sink])
        state = session.run(iter(video_frames))
    assert np.concatenate(sink.parts, axis=1).shape[1] == len(talk.noisy)
    assert state.duration_s == pytest.approx(len(talk.noisy) / RATE)
    # The first sample of a block waits for the window that it lies in, and no block is given before it sounded.
    assert streaming.latency_s * 1000 <= state.latency_ms() < 1000
    assert state.n_video_frames + state.n_skipped_video_frames == len(video_frames)
    assert streaming.latency_s > BLOCK_S


def test_an_error_of_the_video_frames_ends_in_the_session(enhancer, media):
    def broken():
        raise InputError("the camera must be there but is not")
        yield

    sink = Collected()
    with FileAudio(media / "noisy.wav") as audio, pytest.raises(InputError, match="camera must be there"):
        LiveSession(StreamingEnhancer(enhancer, sample_rate=RATE), audio=audio, sinks=[sink]).run(broken())
    assert sink.parts


def test_a_face_is_seen_whether_or_not_it_changes_the_output(enhancer, talk, video_frames):
    _, stream = _live(enhancer, talk.noisy, video_frames, [(0, len(talk.noisy))])
    assert stream.face_seen
    _, blind = _live(enhancer, talk.noisy, video_frames[:5], [(0, len(talk.noisy))])
    assert not blind.face_seen
