"""Load on `avse-serve`: `python -m benchmarks.scale.serving --streams 1,2,4 --seconds 20`.

Starts the server on a free loopback port, lets so many clients stream at real time in blocks of 20 ms, with a video
frame every 40 ms where asked for, and measures from the send of a block to the arrival of its last enhanced sample. The
time that the server's process was on a core tells how many streams a free core carries, whatever else the machine does.
"""

import argparse
import os
import sys
import threading
import time
from typing import NamedTuple

import cv2
import numpy as np

from avse.server.client import Client
from benchmarks.scale.server_process import ServerProcess, serving
from benchmarks.torture.record import table, write_section

RATE, BLOCK = 16000, 320


class Load(NamedTuple):
    """What clients measured."""

    latencies_s: list[float]
    """From the send of each block to the arrival of its audio."""
    core_s: float
    """That the server was on a core."""
    audio_s: float
    """Of all streams."""
    memory_mb: tuple[float, float]
    """Of the server before and after."""
    failed: list[str]


def one_stream(
    client: Client, *, seconds: float, jpeg: bytes | None, latencies_s: list[float], failed: list[str]
) -> None:
    """Stream at real time, and note when audio comes back."""
    rng = np.random.default_rng()
    blocks = (0.05 * rng.standard_normal((round(seconds * RATE / BLOCK), BLOCK))).astype(np.float32)
    sent_s: list[float] = []
    try:
        with client.stream(sample_rate=RATE) as call:
            delay = round(float(call.ready["latency_s"]) * RATE)

            def send() -> None:
                started_s = time.monotonic()
                for number, block in enumerate(blocks):
                    time.sleep(max(0.0, started_s + number * BLOCK / RATE - time.monotonic()))
                    if jpeg is not None and number % 2 == 0:
                        call.send_frame(jpeg, time_s=number * BLOCK / RATE)
                    sent_s.append(time.monotonic())
                    call.send(block)
                call.finish()

            sender = threading.Thread(target=send)
            sender.start()
            n_given = 0
            while (part := call.receive(timeout_s=60)) is not None:
                now_s, n_given = time.monotonic(), n_given + part.shape[1]
                # The model gives a sample only when what follows within its window is there.
                newest = min((n_given + delay) // BLOCK, len(sent_s)) - 1
                if newest >= 0:
                    latencies_s.append(now_s - sent_s[newest])
            sender.join()
    except Exception as error:  # noqa: BLE001 - a stream that fails is a result
        failed.append(f"{type(error).__name__}: {error}")


def load(server: ServerProcess, *, n_streams: int, seconds: float, jpeg: bytes | None) -> Load:
    """Run some streams at the same time."""
    latencies_s: list[float] = []
    failed: list[str] = []
    before, memory = server.core_s(), server.memory_mb()
    threads = [
        threading.Thread(
            target=one_stream, args=(Client(server.url),),
            kwargs={"seconds": seconds, "jpeg": jpeg, "latencies_s": latencies_s, "failed": failed},
        )
        for _ in range(n_streams)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(latencies_s, server.core_s() - before, n_streams * seconds, (memory, server.memory_mb()), failed)


def a_jpeg() -> bytes:
    """A video frame of 480 x 360 without a face."""
    image = np.random.default_rng(0).integers(256, size=(360, 480, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", default="1,2,4")
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args(argv)
    started_s = time.monotonic()
    rows = [
        ["streams", "video", "p50, ms", "p95, ms", "p99, ms", "cores needed", "streams a core", "memory, MiB", "failed"]
    ]
    with serving("--max-streams", "64") as server:
        for video in (None, a_jpeg()):
            for n_streams in map(int, arguments.streams.split(",")):
                result = load(server, n_streams=n_streams, seconds=arguments.seconds, jpeg=video)
                share = result.core_s / result.audio_s
                points = np.percentile(result.latencies_s or [np.nan], [50, 95, 99]) * 1000
                rows.append([
                    str(n_streams), "25 frames/s" if video else "none", *(f"{point:.0f}" for point in points),
                    f"{share * n_streams:.2f}", f"{1 / max(share, 1e-9):.1f}",
                    f"{result.memory_mb[0]:.0f} to {result.memory_mb[1]:.0f}", str(len(result.failed)),
                ])  # fmt: skip
                print(rows[-1], result.failed[:1], file=sys.stderr, flush=True)
    text = (
        f"{arguments.seconds:g} s of each. Latency: from the send of a block of 20 ms to the arrival of the enhanced "
        "samples that it completes. Streams a core: audio over the time that the server was on a core.\n\n"
        f"{table(rows)}\n\nLoad of the machine meanwhile: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores, which "
        "the latencies show and the streams a core do not."
    )
    command = f"python -m benchmarks.scale.serving --streams {arguments.streams} --seconds {arguments.seconds:g}"
    write_section("Serving: load", text, command=command, wall_s=time.monotonic() - started_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
