"""The stages' way to several machines: a function over a list, on the executor that was asked for."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from avse.cli.advice import JOB_OPTIONS, with_options
from avse.cli.executor import add_executor_options, check_executor_options, running, wants_executor
from avse.errors import AvseError, InputError
from avse.jobs.call import call_each
from avse.jobs.places import Place
from avse.jobs.share import parse_share, share_of
from avse.workers import in_parallel

Item = TypeVar("Item")
Done = TypeVar("Done")


class Command(NamedTuple):
    """A stage as its journal names it."""

    name: str
    folder: Place
    """Of the outputs; where it is a URL, the journal lies in the current folder."""
    facts: dict[str, Any]
    """Everything that all results depend on."""


def _number_of_workers(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be above 0 but is {text}")
    return number


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of a stage that can run on several machines, `--workers` among them."""
    parser.add_argument(
        "--workers", type=_number_of_workers, default=2, help="processes, or workers of a cluster (default 2)"
    )
    add_executor_options(parser)


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None, *, stage: str) -> argparse.Namespace:
    """The arguments of a stage; ends it with one line and 2 where no run could satisfy those of `add_options`.

    Args:
        parser: of the stage.
        argv: arguments without the program's name; those of the process by default.
        stage: its name, for the line.
    """
    arguments = parser.parse_args(argv)
    try:
        check_executor_options(arguments)
    except InputError as error:
        print_error(stage, error)
        parser.exit(2)
    return arguments


def print_error(stage: str, error: object) -> None:
    """Print an error on standard error, in one line that names the options which mend it."""
    print(f"{stage}: error: {with_options(str(error), JOB_OPTIONS)}", file=sys.stderr)


def own_share(items: Sequence[Item], arguments: argparse.Namespace) -> list[Item]:
    """The share of a list that this run is to do.

    Raises:
        InputError: `--shard` is none.
    """
    return share_of(items, parse_share(arguments.shard))


def run_each(
    work: Callable[[Item], Done],
    items: Sequence[Item],
    arguments: argparse.Namespace,
    *,
    command: Command,
    name_of: Callable[[Item], str],
    lost: Callable[[Item, AvseError], Done],
) -> Iterator[Done]:
    """Call a function for each item, results in order; a journal is kept where one is asked for.

    Args:
        work: can be pickled.
        items: what to do it to; small.
        arguments: of the stage.
        command: its name and the folder of its outputs.
        name_of: a name for each item, unique.
        lost: gives the result of an item whose call failed or was lost.

    Raises:
        AvseError: no worker can be made, or the journal is of another run.
    """
    if not wants_executor(arguments):
        yield from in_parallel(work, items, n_workers=arguments.workers, lost=lost)
        return
    arguments.quiet = False
    beside = command.folder if isinstance(command.folder, Path) else None
    with running(
        arguments, command=command.name, n_workers=arguments.workers, folder=beside, facts=command.facts
    ) as run_on:
        yield from call_each(
            work, items, executor=run_on.executor, name_of=name_of, lost=lost, journal=run_on.journal,
            summary=run_on.summary,
        )  # fmt: skip
