"""An `avse-serve` of its own for the measurements, and what its process takes."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avse.server.client import Client, ServerError

START_S = 300.0
"""For a server to answer, on a machine that does other things."""


class ServerProcess:
    """A server that runs: its address, and what it takes of the machine."""

    def __init__(self, url: str, pid: int) -> None:
        """Name it.

        Args:
            url: `http://host:port`.
            pid: of its process.
        """
        self.url, self.pid = url, pid

    def core_s(self) -> float:
        """Seconds that it was on a core so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Resident memory, MiB, without that of its child processes."""
        return _status(self.pid, "VmRSS") / 1024

    def children_mb(self) -> float:
        """Resident memory of its child processes, which enhance files, MiB."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        return sum(_status(child, "VmRSS") for child in children) / 1024

    def n_threads(self) -> int:
        """Threads that it has."""
        return _status(self.pid, "Threads")

    def n_open_files(self) -> int:
        """Files and sockets that it holds open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@contextmanager
def serving(*arguments: str) -> Iterator[ServerProcess]:
    """Start a server on a free loopback port, and stop it at the end.

    Args:
        arguments: of `avse-serve`.
    """
    command = [sys.executable, "-m", "avse.cli.serve", "--port", "0", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        printed = server.stderr.readline() if server.stderr else ""
        found = re.search(r"http://\S+?(?=,)", printed)
        if not found:
            raise SystemExit(f"error: the server does not start: {printed}")
        _wait_for(found[0])
        yield ServerProcess(found[0], server.pid)
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(url: str) -> None:
    until_s = time.monotonic() + START_S
    while True:
        try:
            Client(url).health()
        except ServerError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.5)
        else:
            return


def _status(pid: int, name: str) -> int:
    """A number of `/proc/PID/status`; 0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
