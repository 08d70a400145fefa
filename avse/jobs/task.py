"""What executors pass around: names, paths and small JSON, never frames or waveforms."""

import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from avse._version import __version__
from avse.errors import AvseError, ConfigError

JsonDict = dict[str, Any]
Report = Callable[[str, float, float], None]
"""Called by a job when it has made progress: the stage, what is done of it, and all of it. A job that is silent for too
long is ended."""
NO_PROGRESS_S = 600.0
"""A job that reports no progress for so long is ended."""
MAX_ATTEMPTS = 3
"""Times that a job is begun whose process or machine is lost while it runs."""


class SetupError(AvseError):
    """No worker can be made, so no job can be done."""


class Worker(Protocol):
    """Does one job after another; holds what they share, such as a loaded model."""

    def __call__(self, payload: JsonDict, report: Report) -> JsonDict:
        """Do a job.

        Args:
            payload: of a `Task`.
            report: to be called whenever there is progress.

        Returns:
            The result, JSON-able.

        Raises:
            AvseError: the job failed; its text is all that is kept.
        """
        ...


@dataclass(frozen=True)
class Task:
    """One job of many."""

    id: str
    """Unique among the jobs of a run."""
    payload: JsonDict = field(default_factory=dict)
    """What the worker is given: paths and options, JSON-able."""
    key: str = ""
    """Hash of everything that the result depends on; of the same key, the result is the same."""


@dataclass(frozen=True)
class Work:
    """How a process makes its worker, once."""

    factory: str
    """`package.module:function`, which is called with `options`; every node has it installed."""
    options: JsonDict = field(default_factory=dict)
    """Of the factory, JSON-able."""
    version: str = __version__
    """Of avse, where the job was started; other versions refuse it."""

    def worker(self) -> Worker:
        """Make the worker.

        Raises:
            ConfigError: this is another version of avse.
            AvseError: what the worker needs cannot be loaded.
        """
        if self.version != __version__:
            raise ConfigError(
                f"every node must have avse {self.version}, as the one that started the job, but this one has "
                f"{__version__}; install the same version"
            )
        module, _, name = self.factory.partition(":")
        factory: Callable[..., Worker] = getattr(importlib.import_module(module), name)
        return factory(**self.options)

    def as_json(self) -> JsonDict:
        """For another process."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What became of a task."""

    task: Task
    result: JsonDict | None
    """Of the worker; None where the job failed."""
    error: str | None = None
    """Why it failed, one line."""
    seconds: float = 0.0
    """Wall time of the job."""
    host: str = ""
    """Machine that it ran on."""
    is_setup: bool = False
    """True if no worker could be made, which no other task would change."""
    n_attempts: int = 1
    """How often it was begun: a job whose process or machine is lost is begun again."""
