"""A function over a list, on an executor: for stages whose items are small and whose outputs lie on disk.

The function and its items pass as pickles from one's own process to one's own workers: they hold paths and options, and
are never read from a file.
"""

import base64
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from avse.errors import AvseError
from avse.jobs.executor import Executor
from avse.jobs.journal import Journal
from avse.jobs.order import in_order
from avse.jobs.run import Summary, run_tasks
from avse.jobs.task import JsonDict, Outcome, Report, Task, Work

Item = TypeVar("Item")
Done = TypeVar("Done")

LARGEST_BYTES = 2**20
"""Of an item or a result; what is larger belongs on disk."""


class _Current:
    """The job at hand of this process."""

    report: Report | None = None


def report_progress(stage: str, done: float, total: float) -> None:
    """Tell the executor that the function which is called makes progress; nothing where no executor calls it.

    Args:
        stage: what is done.
        done: of it.
        total: all of it.
    """
    if _Current.report is not None:
        _Current.report(stage, done, total)


class Caller:
    """Calls one function, again and again."""

    def __init__(self, function: str) -> None:
        """Take the function as `_packed` packs it."""
        self._function: Callable[[Any], Any] = _unpacked(function)

    def __call__(self, payload: JsonDict, report: Report) -> JsonDict:
        """Call it; `payload` and result hold pickles. The function may call `report_progress`."""
        _Current.report = report
        try:
            return {"value": _packed(self._function(_unpacked(payload["item"])))}
        finally:
            _Current.report = None


def caller(function: str) -> Caller:
    """Make a worker."""
    return Caller(function)


def call_each(
    function: Callable[[Item], Done],
    items: Sequence[Item],
    *,
    executor: Executor,
    name_of: Callable[[Item], str],
    lost: Callable[[Item, AvseError], Done],
    journal: Journal | None = None,
    summary: Summary | None = None,
) -> Iterator[Done]:
    """Call a function for each item, results in order.

    Args:
        function: can be pickled; small, as is what it gives.
        items: can be pickled, small.
        executor: where it is called.
        name_of: a name for each item, unique, for the journal.
        lost: gives the result of an item whose call failed, or whose process or machine was lost.
        journal: where outcomes are noted; what is done before is the function's own to know.
        summary: counts them.

    Raises:
        SetupError: no worker can be made.
    """
    tasks = [Task(name_of(item), {"thing": name_of(item), "item": _packed(item)}) for item in items]
    work = Work("avse.jobs.call:caller", {"function": _packed(function)})
    outcomes = run_tasks(executor, work, tasks, journal=journal, is_kept=lambda entry: False, note=_without_value)
    for item, outcome in zip(items, in_order(outcomes, tasks), strict=True):
        if summary is not None:
            summary.count(outcome)
        yield lost(item, AvseError(outcome.error)) if outcome.result is None else _unpacked(outcome.result["value"])


def _without_value(outcome: Outcome) -> JsonDict:
    """What a journal keeps of a result: nothing, for it is no text."""
    return {}


def _packed(value: Any) -> str:
    content = pickle.dumps(value)
    if len(content) > LARGEST_BYTES:
        raise AvseError(f"an item must be small but has {len(content)} bytes; pass paths, not what lies there")
    return base64.b64encode(content).decode()


def _unpacked(text: str) -> Any:
    return pickle.loads(base64.b64decode(text))
