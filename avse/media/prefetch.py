"""Prefetching: a thread prepares what comes next while the caller works on what is there."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")

END = object()
"""After the last item."""


@contextmanager
def prefetch(items: Iterable[Item], *, n_items: int = 4) -> Iterator[Iterator[Item]]:
    """Go through items that are made in a thread, a few before they are asked for.

    It helps where making them lets go of Python's lock, as decoding video frames does. At the end of the block the
    thread has stopped, so that what the items come from can be closed, even if not all were taken.

    Args:
        items: made in the thread; its errors are raised where the item was to come.
        n_items: most that wait.

    Yields:
        The items, once.
    """
    waiting: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(maxsize=n_items)
    stopped = threading.Event()

    def put(item: object, error: BaseException | None = None) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((item, error), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    thread = threading.Thread(target=_make, args=(items, put), daemon=True)
    thread.start()
    try:
        yield _taken(waiting)
    finally:
        stopped.set()
        thread.join()


def _make(items: Iterable[object], put: Callable[..., bool]) -> None:
    try:
        for item in items:
            if not put(item):
                return
        put(END)
    except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
        put(END, error)


def _taken(waiting: "queue.Queue[tuple[Any, BaseException | None]]") -> Iterator[Any]:
    while True:
        item, error = waiting.get()
        if error is not None:
            raise error
        if item is END:
            return
        yield item
