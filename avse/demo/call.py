"""A live call of the page: microphone and camera come through a WebSocket, enhanced audio goes back.

The browser first sends its sample rate as JSON, then binary messages: a byte for the kind, and what it holds.
`0`: mono samples, float32, little endian. `1`: time of a video frame, float64 seconds from the first sample, and a
JPEG. Back come enhanced samples, float32, in all as many as were sent, and JSON with latency and face.
"""

import asyncio
import json
import queue
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from avse.demo.settings import DemoSettings
from avse.enhance.enhancer import Enhancer
from avse.errors import AvseError, InputError
from avse.live.session import LiveSession, LiveState
from avse.live.stream import StreamingEnhancer
from avse.media.video import VideoFrame
from avse.types import Waveform

AUDIO, VIDEO = 0, 1
RATES_HZ = (8_000, 192_000)
MOST_WAITING = 500
"""Blocks of audio; a machine that is so far behind ends the call."""
MAX_MESSAGE_BYTES = 2**20
SHOW_S = 0.25
END = None


class BrowserAudio:
    """Blocks of a browser's microphone, as they come."""

    def __init__(self, sample_rate: int) -> None:
        """Set up; `sample_rate` in Hz.

        Raises:
            InputError: no microphone has such a rate.
        """
        low, high = RATES_HZ
        if not low <= sample_rate <= high:
            raise InputError(f"sample rate must be {low} to {high} Hz but is {sample_rate}; use another microphone")
        self.sample_rate, self.n_channels = sample_rate, 1
        self._blocks: queue.Queue[Waveform | None] = queue.Queue(MOST_WAITING)

    def put(self, payload: bytes) -> None:
        """Take a message's samples.

        Raises:
            InputError: they are no float32, or this machine is too slow.
        """
        if len(payload) % 4:
            raise InputError(f"audio must be float32 samples but has {len(payload)} bytes; send whole samples")
        try:
            self._blocks.put_nowait(np.frombuffer(payload, dtype="<f4").astype(np.float32)[None])
        except queue.Full:
            raise InputError("this machine must enhance in real time but is too slow; close other programs") from None

    def end(self) -> None:
        """No more comes; what waits is still enhanced where there is room to say so."""
        try:
            self._blocks.put_nowait(END)
        except queue.Full:
            self._blocks.get_nowait()
            self._blocks.put_nowait(END)

    def blocks(self, *, now_s: Callable[[], float]) -> Iterator[Waveform]:
        """As of `avse.live.device.AudioSource`."""
        while (block := self._blocks.get()) is not END:
            yield block


class BrowserFrames:
    """Video frames of a browser's camera; only the newest waits."""

    def __init__(self) -> None:
        """Set up."""
        self._frames: queue.Queue[VideoFrame | None] = queue.Queue(1)
        self._lock = threading.Lock()

    def put(self, payload: bytes) -> None:
        """Take a message's video frame; what is no image is dropped."""
        if len(payload) <= 8:
            return
        image = cv2.imdecode(np.frombuffer(payload, np.uint8, offset=8), cv2.IMREAD_COLOR)
        if image is not None and min(image.shape[:2]) >= 16:
            (time_s,) = struct.unpack_from("<d", payload)
            self._replace(VideoFrame(time_s, cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8)))

    def end(self) -> None:
        """No more comes."""
        self._replace(END)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames until the end."""
        while (frame := self._frames.get()) is not END:
            yield frame

    def _replace(self, frame: VideoFrame | None) -> None:
        with self._lock:
            if self._frames.full():
                with suppress(queue.Empty):
                    self._frames.get_nowait()
            self._frames.put(frame)


class Calls:
    """Answers the WebSocket of the live tab."""

    def __init__(self, settings: DemoSettings, enhancer: Enhancer) -> None:
        """Set up.

        Args:
            settings: how many calls, and how long.
            enhancer: with a causal model.
        """
        self._settings, self._enhancer = settings, enhancer
        self._n_open = 0

    async def answer(self, socket: Any) -> None:
        """Enhance one call until either side ends it."""
        if not same_origin(socket.headers.get("origin"), socket.headers.get("host")):
            await socket.close(code=1008)
            return
        await socket.accept()
        if self._n_open >= self._settings.max_live:
            await socket.send_text(json.dumps({"error": f"{self._n_open} calls are live already; try again later"}))
            await socket.close()
            return
        self._n_open += 1
        try:
            await self._call(socket)
        except AvseError as error:
            await socket.send_text(json.dumps({"error": str(error)}))
            await socket.close()
        finally:
            self._n_open -= 1

    async def _call(self, socket: Any) -> None:
        audio = BrowserAudio(read_rate(await socket.receive_text()))
        frames, loop, ready = BrowserFrames(), asyncio.get_running_loop(), asyncio.Queue[Any]()
        streaming = StreamingEnhancer(self._enhancer, sample_rate=audio.sample_rate)
        session = LiveSession(streaming, audio=audio, sinks=[_Back(loop, ready)])
        work = asyncio.create_task(asyncio.to_thread(session.run, iter(frames), show=_shower(loop, ready)))
        sender = asyncio.create_task(_send(socket, ready))
        try:
            await asyncio.wait_for(_receive(socket, audio, frames), self._settings.max_live_s)
        except TimeoutError:
            raise InputError(
                f"a call must be at most {self._settings.max_live_s:g} s long; begin another one"
            ) from None
        finally:
            audio.end()
            frames.end()
            session.stop()
            await asyncio.gather(work, return_exceptions=True)
            sender.cancel()


def same_origin(origin: str | None, host: str | None) -> bool:
    """True if a WebSocket is asked for by the page itself, for browsers let any page ask."""
    return origin is None or urlsplit(origin).netloc == host


def read_rate(text: str) -> int:
    """The sample rate of the first message, Hz.

    Raises:
        InputError: it has none.
    """
    try:
        return int(json.loads(text)["sample_rate"])
    except (ValueError, TypeError, KeyError):
        raise InputError(f'first message must be {{"sample_rate": HZ}} but is {text[:40]!r}; reload the page') from None


async def _receive(socket: Any, audio: BrowserAudio, frames: BrowserFrames) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        payload = message.get("bytes") or b""
        if not payload or len(payload) > MAX_MESSAGE_BYTES:
            continue
        if payload[0] == AUDIO:
            audio.put(payload[1:])
        elif payload[0] == VIDEO:
            await asyncio.to_thread(frames.put, payload[1:])


async def _send(socket: Any, ready: "asyncio.Queue[Any]") -> None:
    while True:
        message = await ready.get()
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_text(json.dumps(message))


class _Back:
    """A sink that hands enhanced samples to the socket."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ready: "asyncio.Queue[Any]") -> None:
        self._loop, self._ready = loop, ready

    def write(self, samples: Waveform) -> None:
        self._loop.call_soon_threadsafe(self._ready.put_nowait, samples[0].astype("<f4").tobytes())


def _shower(loop: asyncio.AbstractEventLoop, ready: "asyncio.Queue[Any]") -> Callable[[LiveState], None]:
    shown_s = [0.0]

    def show(state: LiveState) -> None:
        if time.monotonic() - shown_s[0] < SHOW_S:
            return
        shown_s[0] = time.monotonic()
        facts = {
            "face": state.face, "load": round(state.real_time_factor, 3), "n_frames": state.n_video_frames,
        }  # fmt: skip
        loop.call_soon_threadsafe(ready.put_nowait, facts)

    return show
