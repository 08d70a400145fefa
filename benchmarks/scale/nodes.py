"""A Ray cluster of two nodes against the local pool, and what kills do to it: `python -m benchmarks.scale.nodes`.

Two nodes of one core each run on this machine (`ray.cluster_utils.Cluster`). The jobs wait as an enhancement does
and then copy a file, so that the machine's other load does not decide. Then, in the middle of a run: one worker is
killed, one node is killed, and the driver is killed and started again. Every output must be there once, equal to the
undisturbed run's, and nothing half.
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from avse.jobs.journal import Journal, read_journal
from avse.jobs.local_pool import LocalPool
from avse.jobs.ray_pool import RayPool, load_ray
from avse.jobs.run import run_tasks
from avse.jobs.task import Task, Work
from benchmarks.scale.ray_nodes import node_options
from benchmarks.torture.record import table, write_section

WORK = Work("benchmarks.scale.workers:copier")


def tasks_of(folder: Path, *, n: int, wait_s: float) -> list[Task]:
    """Jobs that wait and copy; inputs are written."""
    (folder / "in").mkdir(parents=True, exist_ok=True)
    (folder / "out").mkdir(exist_ok=True)
    tasks = []
    for number in range(n):
        source = folder / "in" / f"{number:04d}.bin"
        source.write_bytes(number.to_bytes(4, "big") * 1000)
        target = folder / "out" / source.name
        tasks.append(Task(source.name, {"source": str(source), "target": str(target), "wait_s": wait_s}, key="k"))
    return tasks


def run_all(pool: Any, folder: Path, *, n: int, wait_s: float, on: Callable[[int], None] = lambda done: None) -> float:
    """Run all jobs; seconds from the start of the pool's processes."""
    started_s = time.monotonic()
    with Journal(folder / "journal.jsonl", command="nodes", options={}) as journal:
        outcomes = run_tasks(pool, WORK, tasks_of(folder, n=n, wait_s=wait_s), journal=journal)
        for number, outcome in enumerate(outcomes, 1):
            if outcome.error is not None:
                raise SystemExit(f"nodes: error: {outcome.task.id}: {outcome.error}")
            on(number)
    return time.monotonic() - started_s


def state_of(folder: Path, whole: Path) -> list[str]:
    """Outputs that are there, equal, half, and lines of the journal: as cells of a table."""
    found = {path.name: _digest(path) for path in (folder / "out").glob("*.bin") if not path.name.startswith(".")}
    wanted = {path.name: _digest(path) for path in (whole / "out").glob("*.bin")}
    half = sum(path.name.startswith(".") for path in (folder / "out").iterdir())
    equal = sum(found.get(name) == digest for name, digest in wanted.items())
    entries = read_journal(folder / "journal.jsonl").entries
    return [f"{len(found)} of {len(wanted)}", str(equal), str(half), str(sum(e.is_done for e in entries.values()))]


def kill_worker() -> None:
    """Kill one child process that does jobs."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            words = _words(entry)
            if "avse.jobs.process" in words:
                os.kill(int(entry.name), signal.SIGKILL)
                return


def at_half(n: int, kill: Callable[[], None]) -> Callable[[int], None]:
    """Call `kill` once, after half of the jobs."""
    return lambda done: threading.Thread(target=kill).start() if done == n // 2 else None


def driver_killed(folder: Path, address: str, *, n: int, wait_s: float) -> None:
    """Start a driver in a process of its own, kill it in the middle, and start it again."""
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.scale.nodes", "--child", str(folder), "--address", address,
               "--jobs", str(n), "--wait-s", str(wait_s)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(command, env=environment)
    until_s = time.monotonic() + 600
    while len(list((folder / "out").glob("*.bin"))) < n // 2 and time.monotonic() < until_s:
        time.sleep(0.1)
    process.kill()
    process.wait()
    subprocess.run(command, env=environment, check=True)


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--wait-s", type=float, default=1.0, help="that a job lasts")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    n, wait_s = arguments.jobs, arguments.wait_s
    if arguments.child:
        run_all(RayPool(n_workers=2, address=arguments.address), arguments.child, n=n, wait_s=wait_s)
        return 0
    started_s = time.monotonic()
    ray = load_ray()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=node_options(n_cores=1))
    second = cluster.add_node(**node_options(n_cores=1))
    rows = [["run", "wall, s", "outputs there", "equal", "half", "done in the journal"]]

    def note(name: str, folder: Path, wall_s: float) -> None:
        rows.append([name, f"{wall_s:.1f}", *state_of(folder, whole)])
        print(rows[-1], file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="avse-") as scratch:
        whole = Path(scratch) / "local"
        local_s = run_all(LocalPool(n_workers=2), whole, n=n, wait_s=wait_s)
        note("local pool, 2 workers", whole, local_s)
        pool = RayPool(n_workers=2, address=cluster.address)
        folder = Path(scratch) / "ray"
        ray_s = run_all(pool, folder, n=n, wait_s=wait_s)
        note("Ray, 2 nodes", folder, ray_s)
        folder = Path(scratch) / "worker"
        note("a worker killed", folder, run_all(pool, folder, n=n, wait_s=wait_s, on=at_half(n, kill_worker)))
        folder = Path(scratch) / "node"
        gone = at_half(n, lambda: cluster.remove_node(second, allow_graceful=False))
        note("a node killed", folder, run_all(pool, folder, n=n, wait_s=wait_s, on=gone))
        cluster.add_node(**node_options(n_cores=1))
        folder, begun_s = Path(scratch) / "driver", time.monotonic()
        driver_killed(folder, cluster.address, n=n, wait_s=wait_s)
        note("the driver killed and started again", folder, time.monotonic() - begun_s)
        ray.shutdown()
    cluster.shutdown()
    text = (
        f"Ray {ray.__version__}. {n} jobs of {wait_s:g} s each, which wait and then copy a file. Ray's wall time is "
        f"{ray_s / local_s:.2f} times the local pool's (target: 1.15 at most).\n\n{table(rows)}\n\n"
        f"Load of the machine meanwhile: {os.getloadavg()[2]:.1f} on {os.cpu_count()} cores."
    )
    command = f"python -m benchmarks.scale.nodes --jobs {n} --wait-s {wait_s:g}"
    write_section("Jobs: two nodes and kills", text, command=command, wall_s=time.monotonic() - started_s)
    return 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _words(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text().split("\0")
    except OSError:  # it is gone
        return []


if __name__ == "__main__":
    sys.exit(main())
