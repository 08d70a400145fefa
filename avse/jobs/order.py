"""Outcomes in the order of their tasks, whatever order they are ready in."""

from collections.abc import Iterable, Iterator, Sequence

from avse.jobs.task import Outcome, Task


def in_order(outcomes: Iterable[Outcome], tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Hold each outcome back until those before it are there.

    Args:
        outcomes: one for each task.
        tasks: in the order that is wanted, of unique ids.
    """
    early: dict[str, Outcome] = {}
    wanted = iter(tasks)
    task = next(wanted, None)
    for outcome in outcomes:
        early[outcome.task.id] = outcome
        while task is not None and task.id in early:
            yield early.pop(task.id)
            task = next(wanted, None)
