"""A server of the tests, and a client's whole stream."""

import contextlib
import socket
import threading
import time

import numpy as np
import uvicorn

from avse.cli.serve import settings_of
from avse.server.app import create_app
from avse.server.client import ServerError
from avse.server.config import ServerConfig

RATE = 16000


class Running:
    """A server in a thread."""

    def __init__(self, folder, **options):
        self.config = ServerConfig(folder=folder, **options)
        self.app = create_app(self.config, factory="server_workers:copier")
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.server = uvicorn.Server(settings_of(self.app, self.config, log_level="error"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self.thread.start()
        until_s = time.monotonic() + 60
        while not self.server.started and time.monotonic() < until_s:
            time.sleep(0.02)

    def stop(self):
        self.server.should_exit = True
        self.thread.join(30)


def frames_in(frames, start, block):
    """Those of `(time_s, image)` whose time lies in a block of samples."""
    return [(time_s, image) for time_s, image in frames if start <= round(RATE * time_s) < start + block]


def stream_of(client, waveform, *, block=480, frames=(), **options):
    """Send all of a stream, video frames as soon as their time has come; the enhanced samples and the end's facts."""
    parts = []
    with client.stream(sample_rate=16000, **options) as call:
        assert call.ready["event"] == "ready"

        def send():
            with contextlib.suppress(ServerError):  # which the receiver hears, too
                send_all()

        def send_all():
            for start in range(0, waveform.shape[-1], block):
                for time_s, jpeg in frames_in(frames, start, block):
                    call.send_frame(jpeg, time_s=time_s)
                call.send(waveform[..., start : start + block])
            call.finish()

        thread = threading.Thread(target=send)
        thread.start()
        while (part := call.receive(timeout_s=60)) is not None:
            parts.append(part)
        thread.join()
        return np.concatenate(parts, axis=1), call.end
