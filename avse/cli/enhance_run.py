"""The jobs of `avse-enhance` on their executor, with their journal and report."""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from avse.cli.command import as_usage, show_progress, visible
from avse.cli.enhance_jobs import common_facts
from avse.cli.executor import executor_config, progress_of, wants_executor, write_summary
from avse.cli.progress import stage_bars
from avse.jobs.executor import Executor, make_executor
from avse.jobs.in_process import InProcess
from avse.jobs.journal import Journal
from avse.jobs.order import in_order
from avse.jobs.run import Summary, run_tasks
from avse.jobs.task import JsonDict, Outcome, Report, SetupError, Task, Work
from avse.models.pretrained import DEFAULT_MODEL


def outcomes_of(
    tasks: Sequence[Task], options: argparse.Namespace, *, factory: str, journal_at: Path | None
) -> Iterator[Outcome]:
    """Run all jobs; outcomes in their order. At the end the report is written.

    Args:
        tasks: one for each file.
        options: of the command.
        factory: of the worker.
        journal_at: where the journal lies; None keeps none.

    Raises:
        UsageError: the model or the detector cannot be loaded, the cluster is not there, or the journal is of another
            run.
    """
    if not tasks:
        return
    work = Work(factory, {
        "model": options.model or DEFAULT_MODEL, "device": options.device, "detector": options.detector,
    })  # fmt: skip
    with ExitStack() as stack:
        with as_usage():
            executor = _executor(options, n_tasks=len(tasks))
            journal = None
            if journal_at is not None:
                facts = common_facts(options)
                journal = stack.enter_context(Journal(journal_at, command="avse-enhance", options=facts))
        bars = isinstance(executor, InProcess)
        show = _nothing if bars else stack.enter_context(progress_of(options, name="enhance"))
        summary, started_s = Summary(len(tasks)), time.monotonic()
        # What the list of outputs does not hold as done has to be done, whatever the journal says.
        run = run_tasks(executor, work, tasks, journal=journal, is_kept=_never, show=show)
        outcomes = in_order(run, tasks)
        while (outcome := _next(outcomes)) is not None:
            summary.count(outcome)
            yield outcome
        summary.wall_s = time.monotonic() - started_s
        if journal is not None:
            write_summary(summary, journal.path, options, prog="avse-enhance")


def _next(outcomes: Iterator[Outcome]) -> Outcome | None:
    try:
        return next(outcomes, None)
    except SetupError as error:  # no file was begun
        with as_usage():
            raise error


def _executor(options: argparse.Namespace, *, n_tasks: int) -> Executor:
    n_workers = options.workers
    if options.executor == "local":
        n_workers = n_workers or 1
        if not wants_executor(options) and (n_workers == 1 or n_tasks <= 1):

            def bars(payload: JsonDict) -> AbstractContextManager[Report]:
                name = Path(payload["thing"]).name
                return stage_bars(visible(name), disable=not show_progress(options))

            return InProcess(bars)
    return make_executor(executor_config(options, n_workers=n_workers))


def _never(_: Any) -> bool:
    return False


def _nothing(done: int, total: int, left_s: float) -> None:
    """Show no progress of the whole: each file has its own bar."""
