"""A run over many jobs: what is done before is skipped, each outcome is noted, and one report comes at the end."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from avse.jobs.executor import Executor
from avse.jobs.journal import Entry, Journal, entry_of
from avse.jobs.task import JsonDict, Outcome, Task, Work

SLOWEST = 3
"""Jobs that the report names as slowest."""


@dataclass
class Summary:
    """The report of a run."""

    n_tasks: int
    """All of them, with those that were done before."""
    n_before: int = 0
    """Done by an earlier run."""
    n_done: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    """Of failed jobs by id."""
    busy_s: float = 0.0
    """Sum of the jobs' wall times."""
    wall_s: float = 0.0
    hosts: dict[str, int] = field(default_factory=dict)
    """Jobs by machine."""
    slowest: list[tuple[float, str]] = field(default_factory=list)
    """Seconds and id of the slowest jobs."""

    def add(self, entry: Entry) -> None:
        """Count a job of a journal."""
        if entry.error is None:
            self.n_done += 1
        else:
            self.errors[entry.id] = entry.error
        self.busy_s += entry.seconds
        self.hosts[entry.host] = self.hosts.get(entry.host, 0) + 1
        self.slowest = sorted([*self.slowest, (entry.seconds, entry.id)], reverse=True)[:SLOWEST]

    def count(self, outcome: Outcome) -> None:
        """Count a job of this run, or one that was done before."""
        if outcome.n_attempts == 0:
            self.n_before += 1
        else:
            self.add(entry_of(outcome))

    @property
    def n_open(self) -> int:
        """Jobs that nothing is known of."""
        return self.n_tasks - self.n_before - self.n_done - len(self.errors)

    def lines(self) -> list[str]:
        """For people."""
        counts = f"{self.n_done} done, {self.n_before} done before, {len(self.errors)} failed"
        text = [f"{self.n_tasks} jobs: {counts}" + (f", {self.n_open} open" if self.n_open else "")]
        if self.hosts:
            machines = ", ".join(f"{host or 'this one'} {n}" for host, n in sorted(self.hosts.items()))
            text.append(f"{self.busy_s:.1f} s of work in {self.wall_s:.1f} s; jobs by machine: {machines}")
            text.append("slowest: " + ", ".join(f"{name} {seconds:.1f} s" for seconds, name in self.slowest))
        return text


def run_tasks(
    executor: Executor,
    work: Work,
    tasks: Sequence[Task],
    *,
    journal: Journal | None = None,
    is_kept: Callable[[Entry], bool] = lambda entry: True,
    show: Callable[[int, int, float], None] = lambda done, total, left_s: None,
    note: Callable[[Outcome], JsonDict] = lambda outcome: outcome.result or {},
) -> Iterator[Outcome]:
    """Run all tasks that the journal does not hold as done; outcomes as they are ready.

    Args:
        executor: where.
        work: how a worker is made.
        tasks: of unique ids.
        journal: where outcomes are noted and earlier ones are found; None keeps none.
        is_kept: tells whether the outputs of an earlier job are still there.
        show: is called with the jobs done, all of them, and the seconds that are left by the pace so far.
        note: what the journal keeps of a result.

    Yields:
        Outcomes; those of earlier runs first, with no attempt.
    """
    before = [] if journal is None else [entry for task in tasks if (entry := _known(journal, task, is_kept))]
    known = {entry.id for entry in before}
    by_id = {task.id: task for task in tasks}
    for entry in before:
        yield Outcome(by_id[entry.id], entry.result, None, entry.seconds, entry.host, n_attempts=0)
    left = [task for task in tasks if task.id not in known]
    started_s = time.monotonic()
    if not left:
        return
    with closing(executor.run(work, left)) as outcomes:  # type: ignore[type-var]
        for number, outcome in enumerate(outcomes, 1):
            if journal is not None:
                journal.write(outcome, result=note(outcome))
            left_s = (time.monotonic() - started_s) / number * (len(left) - number)
            show(len(before) + number, len(tasks), left_s)
            yield outcome


def _known(journal: Journal, task: Task, is_kept: Callable[[Entry], bool]) -> Entry | None:
    entry = journal.entries.get(task.id)
    return entry if entry is not None and entry.is_done and entry.key == task.key and is_kept(entry) else None


def summary_path(journal: Path) -> Path:
    """Where the report of a journal lies."""
    return journal.with_suffix(".report.json")
