"""Where jobs run: one interface for the local pool and for a cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from avse.errors import InputError
from avse.jobs.task import NO_PROGRESS_S, Outcome, Task, Work

NAMES = ("local", "ray")
"""Executors, as the commands name them."""
LONGEST_S = 1e9
"""Of a limit on the time without progress; what waits for a child takes no more."""


@dataclass(frozen=True)
class ExecutorConfig:
    """Where and how jobs run."""

    name: str = "local"
    """`local` for processes of this machine, `ray` for a Ray cluster."""
    n_workers: int | None = None
    """Jobs at a time; one for each core of all machines by default."""
    no_progress_s: float = NO_PROGRESS_S
    """A job that reports no progress for so long is ended, s."""
    ray_address: str | None = None
    """`host:port` of a Ray cluster; None starts one on this machine."""

    def __post_init__(self) -> None:
        """Validate.

        Raises:
            InputError: a value is out of range.
        """
        if self.name not in NAMES:
            raise InputError(f"the executor must be one of {', '.join(NAMES)} but is {self.name!r}; choose one")
        if self.n_workers is not None and self.n_workers < 1:
            raise InputError(
                f"number of workers must be at least 1 but is {self.n_workers}; give the number of processes"
            )
        if not 0 < self.no_progress_s <= LONGEST_S:
            raise InputError(
                f"time without progress must be above 0 and at most {LONGEST_S:g} but is {self.no_progress_s:g}; "
                "give seconds"
            )
        if self.ray_address is not None and self.name != "ray":
            raise InputError(f"Ray address must go with the executor ray but that is {self.name}; choose ray")


class Executor(Protocol):
    """Runs jobs, several at a time."""

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Run all tasks; outcomes come as they are ready, in no order, one for each task.

        Closing the iterator ends the jobs at hand.

        Raises:
            SetupError: no worker can be made: the model is missing, or a node has another version.
        """
        ...


def make_executor(config: ExecutorConfig) -> Executor:
    """The executor of a configuration.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: no Ray cluster answers at its address.
    """
    if config.name == "ray":
        from avse.jobs.ray_pool import RayPool

        return RayPool(n_workers=config.n_workers, no_progress_s=config.no_progress_s, address=config.ray_address)
    from avse.jobs.local_pool import LocalPool

    return LocalPool(n_workers=config.n_workers, no_progress_s=config.no_progress_s)
