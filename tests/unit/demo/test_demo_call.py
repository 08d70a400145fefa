"""The WebSocket of the live tab, without a browser."""

import json
import struct

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs the extra demo: pip install 'avse[demo]'")

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from avse.demo.call import AUDIO, VIDEO, Calls, same_origin
from avse.demo.settings import DemoSettings
from avse.enhance.enhancer import Enhancer
from avse.live.stream import StreamingEnhancer

ADDRESS, RATE = "/avse/live", 16000


@pytest.fixture(scope="module")
def enhancer():
    return Enhancer.load("live")


@pytest.fixture
def client(enhancer):
    app = Starlette(routes=[WebSocketRoute(ADDRESS, Calls(DemoSettings(max_live=1), enhancer).answer)])
    with TestClient(app) as client:
        yield client


def _audio(samples):
    return bytes([AUDIO]) + samples.astype("<f4").tobytes()


def _receive(socket, n_samples):
    parts, n_received = [], 0
    while n_received < n_samples:
        message = socket.receive()
        if message.get("bytes"):
            parts.append(np.frombuffer(message["bytes"], "<f4"))
            n_received += len(parts[-1])
    return np.concatenate(parts)


def test_audio_comes_back_as_the_streaming_enhancer_makes_it(client, enhancer, talk):
    noisy = talk.noisy[: 2 * RATE].astype(np.float32)
    expected = StreamingEnhancer(enhancer, sample_rate=RATE).push(noisy)
    with client.websocket_connect(ADDRESS) as socket:
        socket.send_text(json.dumps({"sample_rate": RATE}))
        for start in range(0, len(noisy), 160):
            socket.send_bytes(_audio(noisy[start : start + 160]))
        received = _receive(socket, len(expected))
    np.testing.assert_allclose(received[: len(expected)], expected, atol=1e-5)


def test_video_frames_are_taken_and_bad_ones_dropped(client, talk):
    ok, jpeg = cv2.imencode(".jpg", cv2.cvtColor(talk.images[0], cv2.COLOR_RGB2BGR))
    assert ok
    with client.websocket_connect(ADDRESS) as socket:
        socket.send_text(json.dumps({"sample_rate": RATE}))
        socket.send_bytes(bytes([VIDEO]) + struct.pack("<d", 0.0) + b"no image")
        socket.send_bytes(bytes([VIDEO]) + struct.pack("<d", 0.0) + jpeg.tobytes())
        facts = {}
        for _ in range(600):
            socket.send_bytes(_audio(np.zeros(1600, np.float32)))
            message = socket.receive()
            if message.get("text"):
                facts = json.loads(message["text"], parse_constant=pytest.fail)  # a browser reads no NaN or infinity
                if facts["n_frames"]:
                    break
    assert facts["n_frames"] == 1


@pytest.mark.parametrize(
    ("first", "words"),
    [("{}", "first message must be"), ('{"sample_rate": 5}', "sample rate must be 8000 to 192000 Hz but is 5")],
)
def test_wrong_beginnings_get_one_line(client, first, words):
    with client.websocket_connect(ADDRESS) as socket:
        socket.send_text(first)
        assert words in json.loads(socket.receive_text())["error"]


def test_one_call_too_many_is_reported_so(client):
    with client.websocket_connect(ADDRESS) as first:
        first.send_text(json.dumps({"sample_rate": RATE}))
        with client.websocket_connect(ADDRESS) as second:
            assert "1 calls are live already" in json.loads(second.receive_text())["error"]


def test_other_pages_may_not_call(client):
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(ADDRESS, headers={"origin": "http://evil.example"}),
    ):
        pass
    assert same_origin("http://127.0.0.1:7860", "127.0.0.1:7860")
    assert not same_origin("http://127.0.0.1:1", "127.0.0.1:7860")
