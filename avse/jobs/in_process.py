"""Jobs in this process, one after the other: nothing to start, and bars that follow each of them."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from avse.errors import AvseError, reason_of
from avse.jobs.task import JsonDict, Outcome, Report, SetupError, Task, Work

log = logging.getLogger("avse")


def _silent(stage: str, done: float, total: float) -> None:
    """Report nothing."""


def _no_bars(payload: JsonDict) -> AbstractContextManager[Report]:
    return nullcontext(_silent)


class InProcess:
    """Runs jobs in this process; the worker is made with the first of them."""

    def __init__(self, bars: Callable[[JsonDict], AbstractContextManager[Report]] = _no_bars) -> None:
        """Set up.

        Args:
            bars: gives what a job with this payload reports its progress to.
        """
        self._bars = bars

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Run all tasks in order; as of `avse.jobs.executor.Executor`."""
        worker = None
        for task in tasks:
            if worker is None:
                try:
                    worker = work.worker()
                except AvseError as error:
                    raise SetupError(str(error)) from error
            started_s = time.monotonic()
            result, text = None, None
            try:
                with self._bars(task.payload) as report:
                    result = worker(task.payload, report)
            except Exception as error:
                log.debug("traceback of %s", task.id, exc_info=not isinstance(error, AvseError))
                text = reason_of(error, thing=str(task.payload.get("thing", "job")))
            yield Outcome(task, result, text, time.monotonic() - started_s)
