"""Jobs on a Ray cluster: an actor for each worker leads a child process on its machine, as the local pool does.

So what a decoder does, it does to that child: the actor sees it die or hang, whichever machine it is on. Only JSON
passes through Ray, never frames or waveforms, so that its object store holds nothing worth spilling to disk.
"""

import os
import platform
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from avse._version import __version__
from avse.errors import AvseError, InputError, MissingExtraError
from avse.jobs.local_pool import ChildProcess, LostProcessError, StuckError
from avse.jobs.task import MAX_ATTEMPTS, NO_PROGRESS_S, JsonDict, Outcome, SetupError, Task, Work

OBJECT_STORE_BYTES = 100 * 2**20
"""Of a cluster that is started here; what passes through it is small."""
CONNECT_S = 5.0
"""A cluster that does not answer within so long is not there."""
POLL_S = 0.5
NO_AVSE = ("ModuleNotFoundError", "Can't get attribute")
"""In Ray's words on an actor that its node cannot make."""


class RayPool:
    """Runs jobs on a Ray cluster."""

    def __init__(
        self, *, n_workers: int | None = None, no_progress_s: float = NO_PROGRESS_S, address: str | None = None
    ) -> None:
        """Connect to a cluster.

        Args:
            n_workers: actors; one for each core of the cluster by default.
            no_progress_s: a job that reports no progress for so long is ended, s.
            address: `host:port` of the cluster; None starts one on this machine, which ends with this process.

        Raises:
            MissingExtraError: Ray is not installed.
            InputError: no cluster answers at the address.
        """
        self._ray = load_ray()
        self._no_progress_s = no_progress_s
        _connect(self._ray, address, n_workers)
        self._n_workers = n_workers or max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Run all tasks; as of `avse.jobs.executor.Executor`."""
        ray = self._ray
        actor_class = ray.remote(num_cpus=1, max_restarts=0)(_Actor)
        waiting = deque((task, 1) for task in tasks)
        flying: dict[Any, tuple[Any, Task, int]] = {}
        actors: list[Any] = []

        def begin(actor: Any) -> None:
            task, n_attempts = waiting.popleft()
            flying[actor.do.remote(task.id, task.payload)] = (actor, task, n_attempts)

        def hire() -> Any:
            actor = actor_class.remote(work.as_json(), self._no_progress_s)
            actors.append(actor)
            return actor

        def dismiss(actor: Any) -> None:
            """Give its core back: an actor that waits for one, as after the loss of a node, still has a task."""
            actors.remove(actor)
            with suppress(Exception):  # of Ray, whose types are its own: what is lost cannot be ended
                actor.stop.remote()
                actor.__ray_terminate__.remote()

        try:
            for _ in range(min(self._n_workers, len(tasks))):
                begin(hire())
            while flying:
                ready, _ = ray.wait(list(flying), num_returns=1, timeout=POLL_S)
                for reference in ready:
                    actor, task, n_attempts = flying.pop(reference)
                    outcome = self._outcome(reference, Outcome(task, None, n_attempts=n_attempts))
                    if outcome is None:  # the actor or its machine is lost: another one takes its place
                        waiting.append((task, n_attempts + 1))
                        actors.remove(actor)
                        actor = hire()
                    elif outcome.is_setup:
                        raise SetupError(outcome.error)
                    if waiting:
                        begin(actor)
                    else:
                        dismiss(actor)
                    if outcome is not None:
                        yield outcome
        finally:
            for actor in actors:
                with suppress(Exception):  # of Ray, whose types are its own: what is lost cannot be ended
                    actor.stop.remote()
            _wait_then_kill(ray, actors)

    def _outcome(self, reference: Any, outcome: Outcome) -> Outcome | None:
        """What became of a task; None if its actor was lost and it should be tried again."""
        ray = self._ray
        try:
            row: JsonDict = ray.get(reference)
        except (
            ray.exceptions.RayActorError,
            ray.exceptions.WorkerCrashedError,
            ray.exceptions.RaySystemError,
        ) as error:
            if any(sign in str(error) for sign in NO_AVSE):
                words = (
                    f"every node must have avse {__version__}, as the one that started the job, but one has none or a "
                    "version without jobs; install the same version on all"
                )
                return replace(outcome, error=words, is_setup=True)
            if outcome.n_attempts < MAX_ATTEMPTS:
                return None
            return replace(outcome, error=f"machine or process was lost {outcome.n_attempts} times")
        except ray.exceptions.RayError as error:
            return replace(outcome, error=" ".join(str(error).split())[:300])
        n_attempts = outcome.n_attempts + row.pop("n_lost")
        return replace(outcome, n_attempts=n_attempts, **row)


class _Actor:
    """One worker of a cluster."""

    def __init__(self, work: JsonDict, no_progress_s: float) -> None:
        self._work, self._no_progress_s = Work(**work), no_progress_s
        self._child: ChildProcess | None = None
        self._host = platform.node()

    def do(self, task_id: str, payload: JsonDict) -> JsonDict:
        """Fields of an `Outcome`, and how many child processes were lost over it."""
        row: JsonDict = {"host": self._host, "result": None, "error": None, "n_lost": 0}
        started_s = time.monotonic()
        while row["n_lost"] < MAX_ATTEMPTS:
            try:
                self._child = self._child or ChildProcess(self._work, no_progress_s=self._no_progress_s)
            except (LostProcessError, StuckError) as error:
                row["n_lost"] += 1
                row["error"] = f"node {self._host}: worker must start but does not: {error}"
                if row["n_lost"] == MAX_ATTEMPTS:
                    return {**row, "is_setup": True}
                continue
            except AvseError as error:
                return {**row, "error": f"node {self._host}: {error}", "is_setup": True}
            try:
                row["result"], row["error"], row["seconds"] = self._child.do(Task(task_id, payload))
            except StuckError as error:
                self._child, row["error"] = None, str(error)
                return {**row, "seconds": time.monotonic() - started_s}
            except LostProcessError:
                self._child.stop(grace_s=0)
                self._child = None
                row["n_lost"] += 1
                continue
            return row
        words = f"process was killed {row['n_lost']} times, perhaps for want of memory; use fewer workers"
        return {**row, "error": words, "n_lost": row["n_lost"] - 1, "seconds": time.monotonic() - started_s}

    def stop(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.stop(grace_s=1.0)


def load_ray() -> Any:
    """Ray, quiet, and without its reports to its vendor.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # A node's agent has 30 s to start, too little where cores are busy.
    os.environ.setdefault("RAY_agent_register_timeout_ms", "300000")
    # Nor has a worker that does not start within its 60 s a second chance: its job would wait for ever.
    os.environ.setdefault("RAY_worker_register_timeout_seconds", "300")
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingExtraError(
            "the executor ray needs Ray but it is not installed; pip install 'avse[cluster]'"
        ) from None
    return ray


def _connect(ray: Any, address: str | None, n_workers: int | None) -> None:
    if ray.is_initialized():
        return
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        _start_here(ray, n_workers, quiet)
        return
    _check_address(address)
    quiet.pop("include_dashboard")
    try:
        ray.init(address=address, **quiet)
    except Exception as error:  # noqa: BLE001 - whatever Ray finds wrong with it: its types are its own
        words = " ".join(f"{error}".split())[:200]
        raise InputError(
            f"Ray address {address} must be a Ray cluster of version {ray.__version__} but is not ({words})"
        ) from None


def _start_here(ray: Any, n_workers: int | None, quiet: dict[str, Any]) -> None:
    """Start a cluster on this machine; Ray waits 30 s for it, which is too short where cores are busy."""
    words = ""
    for _ in range(MAX_ATTEMPTS):
        try:
            # `auto` of the environment is another cluster than the one that was asked for.
            ray.init(
                address="local", num_cpus=n_workers, object_store_memory=OBJECT_STORE_BYTES,
                _node_ip_address="127.0.0.1", **quiet,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whatever Ray finds wrong: its types are its own
            words = " ".join(f"{error}".split())[:200]
            ray.shutdown()
        else:
            return
    raise InputError(
        f"Ray must start on this machine but does not ({words}); free a core and some memory, or use the executor local"
    )


def _check_address(address: str) -> None:
    """Refuse an address where nobody answers at once: Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise InputError(f"Ray address must be host:port but is {address!r}; the port of `ray start` is 6379")
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"Ray address {address} must be a running Ray cluster but nobody answers there ({reason}); start one "
            "with `ray start` on its first node, or correct the address"
        ) from None


def _wait_then_kill(ray: Any, actors: Sequence[Any]) -> None:
    """Give the actors' children time to end, then end the actors."""
    with suppress(Exception):
        ray.wait([actor.stop.remote() for actor in actors], num_returns=len(actors), timeout=2.0)
    for actor in actors:
        with suppress(Exception):
            ray.kill(actor)
