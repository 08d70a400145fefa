"""A long run of `avse-serve`: `python -m benchmarks.scale.soak --minutes 60`.

One call after another, at real time, every fourth with video; after each a file that is enhanced, one that is deleted
while it is enhanced, and one that is no media file. What a call or a file leaves behind would show in the server's
memory, threads or open files, which are read after each round.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from avse.server.client import Client, ServerError
from benchmarks.scale.server_process import ServerProcess, serving
from benchmarks.scale.serving import RATE, a_jpeg, load
from benchmarks.torture.record import table, write_section

VIDEO_EVERY = 4
"""Calls of which one has video."""
N_ROWS = 12
"""Of the table."""
WARM_SHARES = (0.2, 0.6)
"""Of the run, after which growth is measured: memory is still taken for the first time before."""


class Reading(NamedTuple):
    """What the server took after a round."""

    minute: float
    server_mb: float
    children_mb: float
    n_threads: int
    n_open_files: int
    n_calls: int


@dataclass
class Soak:
    """A run so far."""

    client: Client
    server: ServerProcess
    folder: Path
    call_s: float
    latencies_s: list[float] = field(default_factory=list)
    """Of the calls without video."""
    failed: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"calls": 0, "enhanced": 0, "deleted": 0, "refused": 0})

    def round(self) -> None:
        """One call, and one file of each kind."""
        has_video = self.counts["calls"] % VIDEO_EVERY == VIDEO_EVERY - 1
        result = load(self.server, n_streams=1, seconds=self.call_s, jpeg=a_jpeg() if has_video else None)
        self.failed += result.failed
        self.latencies_s += [] if has_video else result.latencies_s
        self.counts["calls"] += 1
        self.enhance()
        self.delete_early()
        self.send_no_media()

    def enhance(self) -> None:
        """A file there and back."""
        try:
            self.client.enhance(self.folder / "talk.wav", self.folder / "enhanced.wav", force=True)
            self.counts["enhanced"] += 1
        except ServerError as error:
            self.failed.append(str(error))

    def delete_early(self) -> None:
        """A file that nobody wants any more while it is enhanced."""
        identifier = self.client.upload(self.folder / "talk.wav")
        time.sleep(0.2)
        self.client.delete(identifier)
        with suppress(ServerError):
            self.client.state(identifier)
            self.failed.append("a deleted file is still known")
            return
        self.counts["deleted"] += 1

    def send_no_media(self) -> None:
        """A file that cannot be decoded."""
        identifier = self.client.upload(self.folder / "no_media.wav")
        try:
            self.client.wait(identifier)
            self.failed.append("a file that is no media was enhanced")
        except ServerError:
            self.counts["refused"] += 1
        self.client.delete(identifier)

    def read(self, minute: float) -> None:
        """Note what the server takes."""
        server = self.server
        self.readings.append(Reading(minute, server.memory_mb(), server.children_mb(), server.n_threads(),
                                     server.n_open_files(), self.counts["calls"]))  # fmt: skip


def make_files(folder: Path) -> None:
    """Four seconds of noise, and a file that is none."""
    noise = 0.05 * np.random.default_rng(0).standard_normal(4 * RATE)
    soundfile.write(folder / "talk.wav", noise.astype(np.float32), RATE)
    (folder / "no_media.wav").write_bytes(b"no media at all" * 100)


def growth_mb_per_hour(readings: list[Reading], value: str, *, after_share: float) -> float:
    """Slope of a straight line through the readings after a share of the run (least squares)."""
    later = [row for row in readings if row.minute >= after_share * readings[-1].minute]
    if len(later) < 2:
        return float("nan")
    return float(np.polyfit([row.minute / 60 for row in later], [getattr(row, value) for row in later], 1)[0])


def report(soak: Soak, *, minutes: float) -> str:
    """The section's text."""
    rows = [["minute", "calls", "server, MiB", "its child processes, MiB", "threads", "open files"]]
    chosen = np.unique(np.linspace(0, len(soak.readings) - 1, N_ROWS).round().astype(int))
    for row in (soak.readings[index] for index in chosen):
        rows.append([f"{row.minute:.0f}", str(row.n_calls), f"{row.server_mb:.1f}", f"{row.children_mb:.1f}",
                     str(row.n_threads), str(row.n_open_files)])  # fmt: skip
    points = np.percentile(soak.latencies_s or [np.nan], [50, 95, 99]) * 1000
    growth = "; ".join(
        f"after the first {share:.0%} of the time the server's memory changes by "
        f"{growth_mb_per_hour(soak.readings, 'server_mb', after_share=share):+.1f} MiB an hour and that of its child "
        f"processes by {growth_mb_per_hour(soak.readings, 'children_mb', after_share=share):+.1f}"
        for share in WARM_SHARES
    )
    counts = ", ".join(f"{n} {name}" for name, n in soak.counts.items() if name != "calls")
    return (
        f"{minutes:.0f} minutes. {soak.counts['calls']} calls of {soak.call_s:g} s one after another, every "
        f"{VIDEO_EVERY}th with 25 video frames a second; files: {counts}. Failed: {len(soak.failed)}"
        f"{f' ({soak.failed[0]})' if soak.failed else ''}. A line by least squares: {growth}. Latency of calls without "
        f"video: p50 {points[0]:.0f}, "
        f"p95 {points[1]:.0f}, p99 {points[2]:.0f} ms.\n\n{table(rows)}\n\nLoad of the machine meanwhile: "
        f"{os.getloadavg()[2]:.1f} on {os.cpu_count()} cores."
    )


def main(argv: list[str] | None = None) -> int:
    """Run, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--call-s", type=float, default=30.0, help="length of a call (default: 30)")
    arguments = parser.parse_args(argv)
    started_s = time.monotonic()
    command = f"python -m benchmarks.scale.soak --minutes {arguments.minutes:g} --call-s {arguments.call_s:g}"
    with tempfile.TemporaryDirectory(prefix="avse-") as scratch, serving() as server:
        make_files(Path(scratch))
        soak = Soak(Client(server.url), server, Path(scratch), arguments.call_s)
        begun_s = time.monotonic()
        while (time.monotonic() - begun_s) / 60 < arguments.minutes or not soak.readings:
            soak.round()
            soak.read((time.monotonic() - begun_s) / 60)
            print(soak.readings[-1], soak.failed[-1:], file=sys.stderr, flush=True)
            # After each round: the run may be ended before its hour is over.
            text = report(soak, minutes=soak.readings[-1].minute)
            write_section("Serving: soak", text, command=command, wall_s=time.monotonic() - started_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
