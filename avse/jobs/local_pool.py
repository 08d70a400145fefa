"""Jobs in processes of this machine: each has its own pipe, so one that dies or hangs costs its own job only."""

import json
import os
import platform
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from avse.errors import AvseError, reason_of
from avse.jobs.process import GRACE_S, command, environment
from avse.jobs.task import MAX_ATTEMPTS, NO_PROGRESS_S, JsonDict, Outcome, SetupError, Task, Work

LOST = "process was killed {n} times, perhaps for want of memory; use fewer workers"


class LostProcessError(AvseError):
    """The process of a job died."""


class StuckError(AvseError):
    """A job made no progress and was ended."""


class ChildProcess:
    """One child, which does one job at a time; not for several threads, but for `stop`."""

    def __init__(self, work: Work, *, no_progress_s: float) -> None:
        """Start it.

        Args:
            work: what it does.
            no_progress_s: it is killed after so long without progress, s.

        Raises:
            AvseError: it cannot make its worker.
            LostProcessError: it died.
        """
        self._no_progress_s = no_progress_s
        self._process = subprocess.Popen(
            command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), encoding="utf-8"
        )
        self._messages: queue.SimpleQueue[JsonDict | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._send(work.as_json())
            first = self._next()
        except BaseException:
            self.stop(grace_s=0)
            raise
        if first["kind"] != "ready":
            self.stop(grace_s=0)
            raise SetupError(first["error"])

    def do(
        self, task: Task, *, follow: Callable[[JsonDict], None] = lambda message: None
    ) -> tuple[JsonDict | None, str | None, float]:
        """Do a job: its result, or the text of its error, and its wall time in seconds.

        Args:
            task: of the job.
            follow: is given each report of progress: `stage`, `done`, `total`.

        Raises:
            LostProcessError: the process died.
            StuckError: it made no progress and was killed.
        """
        self._send(task.payload)
        while (message := self._next())["kind"] == "progress":
            follow(message)
        return message["result"], message["error"], message["seconds"]

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_stopped(self) -> bool:
        """True once it was asked to end."""
        return self._process.stdin is None or self._process.stdin.closed

    def stop(self, *, grace_s: float = GRACE_S) -> None:
        """End it: a job at hand is interrupted first, to remove what it had begun."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()  # a child that is idle ends, one that is busy interrupts its job
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _send(self, message: JsonDict) -> None:
        pipe = self._process.stdin
        if pipe is None:
            return
        try:
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()
        except (OSError, ValueError):
            raise LostProcessError("the process of a worker is gone") from None

    def _next(self) -> JsonDict:
        try:
            message = self._messages.get(timeout=self._no_progress_s)
        except queue.Empty:
            self._process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
            self.stop(grace_s=min(1.0, self._no_progress_s))
            raise StuckError(
                f"a job must make progress every {self._no_progress_s:g} s but did not and was ended; give it longer "
                "without progress, or check its file"
            ) from None
        if message is None:
            raise LostProcessError("the process of a worker is gone")
        return message

    def _read(self) -> None:
        with suppress(ValueError, OSError):
            for line in self._process.stdout or ():
                self._messages.put(json.loads(line))
        self._messages.put(None)


class LocalPool:
    """Runs jobs in processes of this machine."""

    def __init__(self, *, n_workers: int | None = None, no_progress_s: float = NO_PROGRESS_S) -> None:
        """Set up; processes start with `run`.

        Args:
            n_workers: processes; one for each core by default.
            no_progress_s: a job that reports no progress for so long is ended, s.
        """
        self._n_workers, self._no_progress_s = n_workers or os.cpu_count() or 1, no_progress_s

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Run all tasks; as of `avse.jobs.executor.Executor`."""
        waiting: queue.SimpleQueue[tuple[Task, int]] = queue.SimpleQueue()
        for task in tasks:
            waiting.put((task, 1))
        ready: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        slots = [_Slot(work, waiting, ready, self._no_progress_s) for _ in range(min(self._n_workers, len(tasks)))]
        try:
            for _ in tasks:
                outcome = ready.get()
                if outcome.is_setup:
                    raise SetupError(outcome.error)
                yield outcome
        finally:
            for slot in slots:
                slot.end()
            for slot in slots:
                slot.join()


class _Slot:
    """A thread that leads one child process after another through the tasks."""

    def __init__(
        self,
        work: Work,
        waiting: "queue.SimpleQueue[tuple[Task, int]]",
        ready: "queue.SimpleQueue[Outcome]",
        no_progress_s: float,
    ) -> None:
        self._work, self._waiting, self._ready, self._no_progress_s = work, waiting, ready, no_progress_s
        self._child: ChildProcess | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended = True

    def join(self) -> None:
        if self._child is not None:
            self._child.stop()
        self._thread.join()

    def _serve(self) -> None:
        while not self._ended:
            try:
                task, n_attempts = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            outcome = self._guarded(Outcome(task, None, host=platform.node(), n_attempts=n_attempts))
            if outcome is None:
                self._waiting.put((task, n_attempts + 1))
                continue
            self._ready.put(outcome)
            if outcome.is_setup:
                return

    def _guarded(self, outcome: Outcome) -> Outcome | None:
        """As `_try`; whoever waits for the outcome would wait for ever for that of a thread that died."""
        try:
            return self._try(outcome)
        except Exception as error:  # noqa: BLE001 - the run has to end, whatever it was
            return replace(outcome, error=reason_of(error, thing="worker"), is_setup=True)

    def _try(self, outcome: Outcome) -> Outcome | None:
        """Do a task; None if its process was lost and it should be tried again."""
        try:
            self._child = self._child or ChildProcess(self._work, no_progress_s=self._no_progress_s)
        except (LostProcessError, StuckError) as error:
            if outcome.n_attempts < MAX_ATTEMPTS:
                return None
            return replace(outcome, error=f"worker must start but does not: {error}", is_setup=True)
        except AvseError as error:
            return replace(outcome, error=str(error), is_setup=True)
        if self._ended:  # while the process started: `join` did not see it, so it is ended here
            self._child.stop(grace_s=0)
            return None
        return self._done(outcome, self._child)

    def _done(self, outcome: Outcome, child: ChildProcess) -> Outcome | None:
        started_s = time.monotonic()
        try:
            result, text, seconds = child.do(outcome.task)
        except StuckError as error:
            self._child, text = None, str(error)
        except LostProcessError:
            child.stop(grace_s=0)
            self._child, text = None, LOST.format(n=outcome.n_attempts)
            if self._ended or outcome.n_attempts < MAX_ATTEMPTS:
                return None
        else:
            return replace(outcome, result=result, error=text, seconds=seconds)
        return replace(outcome, error=text, seconds=time.monotonic() - started_s)
