"""Child processes: they run nothing that lies in the current folder, and one that dies costs only its own item."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from avse.errors import AvseError

Work = TypeVar("Work")
Done = TypeVar("Done")

GRACE_S = 5.0
"""Time that a process whose parent was killed has to remove what it had begun."""


def run_module(name: str, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[Any]":
    """Run a module in a Python process of its own, with this process's packages and without the current folder's.

    Args:
        name: of the module, as for `python -m`.
        arguments: of the module.
        options: of `subprocess.run`; `env` is added to this process's environment.
    """
    environment = {**os.environ, **options.pop("env", {}), "PYTHONPATH": _module_path()}
    command = [sys.executable, "-P", "-m", name, *arguments]
    return subprocess.run(command, check=False, env=environment, **options)


def in_parallel(
    work: Callable[[Work], Done],
    items: Sequence[Work],
    *,
    n_workers: int | None = None,
    lost: Callable[[Work, AvseError], Done] | None = None,
) -> Iterator[Done]:
    """Do independent work on several cores, results in order; one process does it itself.

    Args:
        work: a function that can be pickled.
        items: what to do it to.
        n_workers: processes; one for each core by default.
        lost: gives the result of an item whose process was killed; without it that is an error.

    Raises:
        AvseError: a process was killed, and there is no `lost`.
    """
    n_workers = min(n_workers or os.cpu_count() or 1, len(items))
    if n_workers <= 1:
        yield from map(work, items)
        return
    with started_safely(), _Workers(n_workers) as workers, ThreadPoolExecutor(n_workers) as threads:
        futures: list[Future[Done]] = [threads.submit(workers.do, work, item) for item in items]
        try:
            for item, future in zip(items, futures, strict=True):
                try:
                    result = future.result()
                except BrokenProcessPool:
                    error = AvseError(
                        f"each of {n_workers} processes must run to its end but one was killed, perhaps for want of "
                        "memory; use fewer at a time"
                    )
                    if lost is None:
                        raise error from None
                    result = lost(item, error)
                yield result
        finally:
            for future in futures:
                future.cancel()


class _Workers:
    """Processes that are lent to one item at a time, so that it is known whose process died. A context manager."""

    def __init__(self, n: int) -> None:
        self._free: queue.SimpleQueue[ProcessPoolExecutor] = queue.SimpleQueue()
        for _ in range(n):
            self._free.put(self._new())

    def do(self, work: Callable[[Work], Done], item: Work) -> Done:
        process = self._free.get()
        try:
            with _uninterrupted():
                future = process.submit(_do, work, item)
            done: Done = future.result()
            return done
        except BrokenProcessPool:
            process.shutdown()
            process = self._new()
            raise
        finally:
            self._free.put(process)

    @staticmethod
    def _new() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_start)

    def __enter__(self) -> "_Workers":
        return self

    def __exit__(self, *_: object) -> None:
        while not self._free.empty():
            self._free.get().shutdown(cancel_futures=True)


class _Process:
    """What a worker process knows of itself."""

    busy = False


def _start() -> None:
    """Set a new process up: Ctrl-C ends its item and not the process, and it ends when its parent was killed."""
    signal.signal(signal.SIGINT, _interrupt)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _do(work: Callable[[Work], Done], item: Work) -> Done:
    _Process.busy = True
    try:
        return work(item)
    except KeyboardInterrupt:
        raise AvseError("stopped") from None
    finally:
        _Process.busy = False


def _interrupt(*_: object) -> None:
    if _Process.busy:
        raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGINT)
    waited_s = 0.0
    while _Process.busy and waited_s < GRACE_S:
        time.sleep(0.05)
        waited_s += 0.05
    os._exit(1)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A process that starts meanwhile does not notice Ctrl-C before it is set up."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def started_safely() -> Iterator[None]:
    """Processes that start meanwhile work alone on their core, and import nothing from the current folder.

    The libraries' own threads would only fight over the cores. Python starts children with `-c`, for which the
    current folder comes first on the path until the parent's has arrived.
    """
    wanted = {"PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _module_path() -> str:
    """Where this process finds modules; an empty entry would stand for the current folder of the child."""
    return os.pathsep.join(entry for entry in sys.path if entry)
