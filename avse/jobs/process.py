"""The child process of the local pool: lines of JSON in, lines of JSON out.

It makes its worker once, and reports at most once a second that a job makes progress. When its parent is gone the job
at hand is interrupted, so that it removes what it had begun, and the process ends.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Any, TextIO

from avse.errors import AvseError, reason_of
from avse.jobs.task import JsonDict, Work

REPORT_EVERY_S = 1.0
"""Least time between two reports of progress."""
GRACE_S = 5.0
"""Time that a job has to remove what it had begun, once the parent is gone."""


class _Child:
    """The process's own state."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._reported_s = 0.0
        self.busy = False
        self.tasks: queue.SimpleQueue[JsonDict | None] = queue.SimpleQueue()

    def send(self, message: JsonDict) -> None:
        # A parent that is gone reads nothing; the reader of its end stops this process.
        with suppress(OSError, ValueError):
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()

    def report(self, stage: str, done: float, total: float) -> None:
        now_s = time.monotonic()
        if now_s - self._reported_s >= REPORT_EVERY_S:
            self._reported_s = now_s
            self.send({"kind": "progress", "stage": stage, "done": done, "total": total})

    def read(self) -> None:
        for line in sys.stdin:
            self.tasks.put(json.loads(line))
        self.tasks.put(None)
        if not self.busy:
            return
        os.kill(os.getpid(), signal.SIGINT)
        until_s = time.monotonic() + GRACE_S
        while self.busy and time.monotonic() < until_s:
            time.sleep(0.05)
        os._exit(1)

    def interrupt(self, *_: object) -> None:
        if self.busy:
            raise KeyboardInterrupt

    def run(self) -> None:
        first = self.tasks.get()
        if first is None:
            return
        try:
            worker = Work(**first).worker()
        except Exception as error:  # noqa: BLE001 - whatever stops the set-up is the parent's to report
            self.send({"kind": "failed set-up", "error": reason_of(error, thing="worker")})
            return
        self.send({"kind": "ready"})
        while (payload := self.tasks.get()) is not None:
            started_s = time.monotonic()
            message: JsonDict = {"kind": "done", "result": None, "error": None}
            self.busy = True
            try:
                message["result"] = worker(payload, self.report)
            except KeyboardInterrupt:
                message["error"] = "stopped"
            except AvseError as error:
                message["error"] = str(error)
            except Exception as error:  # noqa: BLE001 - whatever one file does to a decoder, the others are done
                message["error"] = reason_of(error, thing=str(payload.get("thing", "job")))
            finally:
                self.busy = False
            message["seconds"] = round(time.monotonic() - started_s, 4)
            self.send(message)


def main() -> None:
    """Serve the parent until its end of the pipe is closed."""
    # Libraries print on standard output; what the parent reads is ours alone.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    child = _Child(out)
    signal.signal(signal.SIGINT, child.interrupt)
    threading.Thread(target=child.read, daemon=True).start()
    child.run()
    with suppress(OSError):
        out.close()
    # Threads of libraries that never end would keep the process.
    os._exit(0)


def command() -> list[str]:
    """The command line of a child."""
    return [sys.executable, "-P", "-m", "avse.jobs.process"]


def environment(**more: Any) -> dict[str, str]:
    """Of a child: this process's packages, none of the current folder, one thread."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": threads, **more}


if __name__ == "__main__":
    main()
