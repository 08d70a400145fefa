"""The options of commands that work through many files: where, how many at a time, which share, and the journal."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from avse.cli.command import log, show_progress
from avse.jobs.executor import NAMES, Executor, ExecutorConfig, make_executor
from avse.jobs.journal import Journal
from avse.jobs.run import Summary, summary_path
from avse.jobs.share import parse_share
from avse.jobs.task import NO_PROGRESS_S
from avse.media.output import atomic_write

Show = Callable[[int, int, float], None]


class Running(NamedTuple):
    """What jobs need to run."""

    executor: Executor
    journal: Journal | None
    summary: Summary


LINE_EVERY_S = 60.0
"""Between two lines of progress where nobody watches."""


def add_executor_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that can run on several machines."""
    add = parser.add_argument
    add("--executor", choices=NAMES, default="local", help="where jobs run: processes of this machine, or a Ray "
        "cluster, which needs avse[cluster] (default: local)")  # fmt: skip
    add("--ray-address", metavar="HOST:PORT", help="of a running Ray cluster (default: one of this machine's cores)")
    add("--shard", metavar="I/N", help="do only the I-th of N shares of the list, for arrays of jobs; merge their "
        "journals afterwards")  # fmt: skip
    add("--journal", type=Path, metavar="FILE", help="append a line of JSON for each job; again, only those that are "
        "not done (default: with --executor ray or --shard in the folder of the outputs)")  # fmt: skip
    add("--no-progress-s", type=float, metavar="S", help="end a job that makes no progress for so long (default: "
        f"{NO_PROGRESS_S:g} with --executor ray, --shard, --journal, and --workers of avse-enhance)")  # fmt: skip


def check_executor_options(options: argparse.Namespace) -> None:
    """Refuse what no run could satisfy, before anything is read or written.

    Raises:
        InputError: a value is out of range, or an option would have no effect.
    """
    executor_config(options, n_workers=options.workers)
    parse_share(options.shard)


def executor_config(options: argparse.Namespace, *, n_workers: int | None) -> ExecutorConfig:
    """From the options.

    Raises:
        InputError: one is out of range.
    """
    limit_s = NO_PROGRESS_S if options.no_progress_s is None else options.no_progress_s
    return ExecutorConfig(options.executor, n_workers, limit_s, options.ray_address)


def wants_executor(options: argparse.Namespace) -> bool:
    """True if an option was given that only executors know; otherwise simpler ways to the same results will do."""
    given = (options.journal, options.shard, options.no_progress_s)
    return options.executor != "local" or any(value is not None for value in given)


def journal_path(options: argparse.Namespace, folder: Path | None, *, name: str) -> Path | None:
    """Where the journal lies; None where none is kept.

    Args:
        options: of the command.
        folder: of the outputs.
        name: of the command.
    """
    if options.journal is not None:
        path: Path = options.journal
        return path
    if options.executor == "local" and options.shard is None:
        return None
    index, count = parse_share(options.shard)
    part = f"-{index}-of-{count}" if count > 1 else ""
    return (folder or Path()) / f"{name}{part}.journal.jsonl"


@contextmanager
def progress_of(options: argparse.Namespace, *, name: str) -> Iterator[Show]:
    """Give a function that shows jobs done, all of them, and the time that is left.

    A bar where somebody watches, else a line a minute, so that the log of a job of hours tells how far it is.
    """
    if show_progress(options):
        from tqdm import tqdm

        bar: Any = tqdm(desc=name, unit="file", leave=False)

        def move(done: int, total: int, left_s: float) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            yield move
        finally:
            bar.close()
        return
    shown_s = time.monotonic()

    def write(done: int, total: int, left_s: float) -> None:
        nonlocal shown_s
        if not options.quiet and time.monotonic() - shown_s >= LINE_EVERY_S:
            shown_s = time.monotonic()
            print(f"{name}: {done} of {total} done, {time_text(left_s)} left", file=sys.stderr, flush=True)

    yield write


def time_text(seconds: float) -> str:
    """As people say it, such as `3 h 20 min`."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def write_summary(summary: Summary, journal: Path, options: argparse.Namespace, *, prog: str) -> None:
    """Write the report beside its journal, and print it on standard error unless that is to be quiet."""
    fields = {**vars(summary), "n_open": summary.n_open}
    with atomic_write(summary_path(journal), force=True) as temporary:
        temporary.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    if not getattr(options, "quiet", False):
        for line in summary.lines():
            print(f"{prog}: {line}", file=sys.stderr)
    log.info("journal %s", journal)


@contextmanager
def running(
    options: argparse.Namespace, *, command: str, n_workers: int | None, folder: Path | None, facts: dict[str, Any]
) -> Iterator["Running"]:
    """Give an executor and a journal from the options; the report is written at the end.

    Args:
        options: of the command.
        command: its name.
        n_workers: jobs at a time; None takes all cores.
        folder: of the outputs, where the journal lies by default.
        facts: everything that all results depend on.

    Raises:
        AvseError: the cluster is not there, or the journal is of another run.
    """
    executor = make_executor(executor_config(options, n_workers=n_workers))
    path, started_s, summary = journal_path(options, folder, name=command), time.monotonic(), Summary(0)
    if path is None:
        yield Running(executor, None, summary)
        return
    with Journal(path, command=command, options=facts) as journal:
        yield Running(executor, journal, summary)
        summary.n_tasks = summary.n_before + summary.n_done + len(summary.errors)
        summary.wall_s = time.monotonic() - started_s
        write_summary(summary, path, options, prog=command)
