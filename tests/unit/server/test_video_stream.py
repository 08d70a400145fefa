"""Streams with video frames: the face counts as it does in a local stream, and a client that hurries has to wait."""

import threading
import time
import tracemalloc

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from running_server import RATE, Running, frames_in, stream_of

from avse.enhance.enhancer import Enhancer
from avse.faces.detectors import load_detector
from avse.live.stream import StreamingEnhancer
from avse.server.client import Client
from avse.server.messages import VIDEO, Message, frame_of
from avse.server.stream_session import MAX_AHEAD_FRAMES, StreamOptions, StreamSession

BLOCK = 640


@pytest.fixture(scope="module")
def client(tmp_path_factory, live_graph):
    """Of a server with a small model that nobody trained, so that any face changes something."""
    server = Running(tmp_path_factory.mktemp("server"), model=str(live_graph))
    yield Client(server.url)
    server.stop()


@pytest.fixture(scope="module")
def frames(talk):
    """Video frames of the talker as JPEG, each with its time."""
    encoded = [cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes() for image in talk.images]
    return list(zip(talk.times_s.tolist(), encoded, strict=True))


def _local(live_graph, waveform, frames):
    """What a stream of this process gives for the same blocks and JPEG frames."""
    enhancer = Enhancer.load(str(live_graph))
    stream = StreamingEnhancer(enhancer, sample_rate=RATE, n_channels=1, detector=load_detector("auto"))
    parts = []
    for start in range(0, waveform.shape[-1], BLOCK):
        now = [frame_of(Message(VIDEO, time_s, jpeg)) for time_s, jpeg in frames_in(frames, start, BLOCK)]
        parts.append(stream.push(waveform[:, start : start + BLOCK], now))
    return np.concatenate([*parts, stream.flush()], axis=1), stream


def test_a_face_changes_the_samples_as_in_a_local_stream(client, live_graph, talk, frames):
    waveform = np.atleast_2d(talk.noisy).astype(np.float32)
    expected, local = _local(live_graph, waveform, frames)
    assert local.face_seen
    enhanced, end = stream_of(client, waveform, block=BLOCK, frames=frames)
    assert enhanced.shape == waveform.shape
    assert np.abs(enhanced - expected).max() < 1e-5
    assert end["n_dropped_frames"] == 0
    audio_only, _ = stream_of(client, waveform, block=BLOCK)
    assert np.abs(enhanced - audio_only).max() > 1e-3
    grey = cv2.imencode(".jpg", np.full_like(talk.images[0], 128))[1].tobytes()
    faceless, _ = stream_of(client, waveform, block=BLOCK, frames=[(time_s, grey) for time_s, _ in frames])
    assert np.abs(faceless - audio_only).max() < 1e-6


def test_a_client_that_sends_too_fast_has_to_wait_and_memory_stays_bounded(client, monkeypatch):
    n, block = 400, np.zeros((1, 2**16), np.float32)  # 100 MiB in messages of 256 KiB
    resumed, taken, sent = threading.Event(), [], []

    def slow(session, message):
        resumed.wait(60)
        taken.append(len(message.content))

    monkeypatch.setattr(StreamSession, "take", slow)
    with client.stream(sample_rate=RATE) as call:

        def send():
            for _ in range(n):
                call.send(block)
                sent.append(1)

        sender = threading.Thread(target=send, daemon=True)
        tracemalloc.start()
        sender.start()
        n_before = -1
        while n_before < len(sent) < n:  # until nothing moves any more
            n_before = len(sent)
            time.sleep(2)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        n_stalled = len(sent)
        resumed.set()
        sender.join(60)
    assert 0 < n_stalled < n / 2  # what the two ends of the connection hold
    assert peak < 16 * 2**20
    assert len(sent) == n
    until_s = time.monotonic() + 60
    while len(taken) < n and time.monotonic() < until_s:
        time.sleep(0.05)
    assert taken == [block.nbytes] * n  # slowed, and nothing was lost


def _session(live_graph):
    return StreamSession(Enhancer.load(str(live_graph)), StreamOptions(sample_rate=RATE))


@pytest.mark.parametrize(("side", "n_kept"), [(16, MAX_AHEAD_FRAMES), (2000, 16)])
def test_of_video_frames_without_audio_the_oldest_are_dropped_and_counted(live_graph, side, n_kept):
    session, n = _session(live_graph), n_kept + 5
    jpeg = cv2.imencode(".jpg", np.zeros((side, side, 3), np.uint8))[1].tobytes()
    for number in range(n):
        assert session.take(Message(VIDEO, number / 25, jpeg)) is None
    assert len(session._frames) == n_kept
    assert session._frames[-1].time_s == (n - 1) / 25
    assert session.n_dropped == 5
