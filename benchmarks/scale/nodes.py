"""A Ray cluster of two nodes against the local pool, and what kills do to it: `python -m benchmarks.scale.nodes`.

Two nodes of one core each run on this machine (`ray.cluster_utils.Cluster`). Each job waits as a video would take and
then enhances a generated one of half a second, or copies it (`--work copier`), so that the machine's other load does
not decide. Then, in the middle of a run: one worker is killed, one node is killed, and the driver is killed and started
again. Every output must be there once, equal to the undisturbed run's, and nothing half.
"""

import argparse
import hashlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from avse.enhance.job import Job
from avse.enhance.work import RECORD, job_to_json
from avse.jobs.journal import Journal, read_journal
from avse.jobs.local_pool import LocalPool
from avse.jobs.ray_pool import RayPool, load_ray
from avse.jobs.run import run_tasks
from avse.jobs.task import Task, Work
from avse.media.made import fingerprint, key_of
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import in_noise, render_video, write_video
from avse.synthetic.voice import speak
from benchmarks.scale.ray_nodes import node_options
from benchmarks.torture.record import table, write_section

LENGTH_S, SIZE = 0.5, (128, 96)
"""Of the videos; width and height."""
N_VOICES = 8
"""Different videos; all files are one of them."""


def make_videos(folder: Path, *, n: int) -> None:
    """Talkers in noise."""
    import cv2

    folder.mkdir()
    for number in range(n):
        source = folder / f"{number:04d}.mp4"
        if number >= N_VOICES:
            source.write_bytes((folder / f"{number % N_VOICES:04d}.mp4").read_bytes())
            continue
        rng = np.random.default_rng(number)
        voice = speak(rng, duration_s=LENGTH_S)
        times_s = np.arange(round(25 * LENGTH_S)) / 25
        drawn = render_video(PEOPLE[number % len(PEOPLE)], voice.opening_at(times_s), rng)
        images = [cv2.resize(image, SIZE) for image in drawn]
        write_video(source, images, timestamps_s=times_s, waveform=in_noise(voice, rng), sample_rate=16000)


class Plan(NamedTuple):
    """What a run does."""

    work: str
    """Name of a worker of `benchmarks.scale.workers`."""
    n: int
    """Videos, the first ones."""
    wait_s: float


def tasks_of(folder: Path, plan: Plan) -> list[Task]:
    """A job for each video."""
    (folder / "out").mkdir(exist_ok=True, parents=True)
    tasks = []
    for source in sorted((folder.parent / "videos").glob("*.mp4"))[: plan.n]:
        target = folder / "out" / source.name
        key = key_of({"audio": fingerprint(source)})
        fields = {"job": job_to_json(Job(audio=source, output=target)), "source": str(source), "target": str(target)}
        tasks.append(Task(source.name, {**fields, "key": key, "wait_s": plan.wait_s}, key=key))
    return tasks


def run_all(pool: Any, folder: Path, plan: Plan, *, on: Callable[[int], None] = lambda done: None) -> list[float]:
    """Run all jobs; seconds from the start of the pool's processes to the last outcome, and to the first."""
    tasks, started_s, first_s = tasks_of(folder, plan), time.monotonic(), 0.0
    with Journal(folder / "journal.jsonl", command="nodes", options={}) as journal:
        work = Work(f"benchmarks.scale.workers:{plan.work}")
        for number, outcome in enumerate(run_tasks(pool, work, tasks, journal=journal), 1):
            if outcome.error is not None:
                raise SystemExit(f"nodes: error: {outcome.task.id}: {outcome.error}")
            first_s = first_s or time.monotonic() - started_s
            on(number)
    return [time.monotonic() - started_s, first_s]


def state_of(folder: Path, whole: Path, *, n: int) -> list[str]:
    """Outputs that are there, equal, half, and lines of the journal: as cells of a table."""
    found = {path.name: _digest(path) for path in (folder / "out").glob("*.mp4") if not path.name.startswith(".")}
    wanted = {path.name: _digest(path) for path in sorted((whole / "out").glob("[0-9]*.mp4"))[:n]}
    half = sum(path.name.startswith(".") and path.name != RECORD for path in (folder / "out").iterdir())
    equal = sum(found.get(name) == digest for name, digest in wanted.items())
    entries = read_journal(folder / "journal.jsonl").entries
    return [f"{len(found)} of {len(wanted)}", str(equal), str(half), str(sum(e.is_done for e in entries.values()))]


def kill_worker() -> None:
    """Kill one child process that does jobs, of those that this process or its cluster started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and "avse.jobs.process" in _words(entry) and _is_ours(entry):
            os.kill(int(entry.name), signal.SIGKILL)
            return


def at_half(n: int, kill: Callable[[], None]) -> Callable[[int], None]:
    """Call `kill` once, after half of the jobs."""
    return lambda done: threading.Thread(target=kill).start() if done == n // 2 else None


def driver_killed(folder: Path, address: str, plan: Plan) -> None:
    """Start a driver in a process of its own, kill it in the middle, and start it again."""
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.scale.nodes", "--child", str(folder), "--address", address,
               "--jobs", str(plan.n), "--wait-s", str(plan.wait_s), "--work", plan.work]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(command, env=environment)
    until_s = time.monotonic() + 600
    while len(list((folder / "out").glob("[0-9]*.mp4"))) < plan.n // 2 and time.monotonic() < until_s:
        time.sleep(0.1)
    process.kill()
    process.wait()
    subprocess.run(command, env=environment, check=True)


class Table:
    """The section's rows, written after each run: a later one may not end."""

    def __init__(self, command: str, plan: Plan, *, ray_version: str) -> None:
        self._command, self._plan, self._version = command, plan, ray_version
        self._started_s = time.monotonic()
        self.rows = [["run", "videos", "wall, s", "to the first, s", "outputs there", "equal", "half",
                      "done in the journal"]]  # fmt: skip
        self.ratio = ""

    def note(self, name: str, folder: Path, seconds: list[float], *, n: int) -> None:
        """Add a run, and write the section."""
        whole = folder.parent / "local"
        self.rows.append(
            [
                name,
                str(n),
                *("" if math.isnan(value) else f"{value:.1f}" for value in seconds),
                *state_of(folder, whole, n=n),
            ]
        )
        print(self.rows[-1], file=sys.stderr, flush=True)
        what = "enhances it" if self._plan.work == "enhancer" else "copies it"
        text = (
            f"Ray {self._version}. Videos of {LENGTH_S:g} s; a job waits {self._plan.wait_s:g} s and then {what}. "
            f"{self.ratio}\n\n{table(self.rows)}\n\nLoad of the machine meanwhile: {os.getloadavg()[2]:.1f} on "
            f"{os.cpu_count()} cores."
        )
        write_section("Jobs: two nodes and kills", text, command=self._command,
                      wall_s=time.monotonic() - self._started_s)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--jobs", type=int, default=200, help="videos (default: 200)")
    add("--kill-jobs", type=int, help="videos of the runs in which something is killed (default: as many)")
    add("--wait-s", type=float, default=2.0, help="that a job waits (default: 2)")
    add("--work", choices=("enhancer", "copier"), default="enhancer", help="what it does then (default: enhancer)")
    add("--child", type=Path, help=argparse.SUPPRESS)
    add("--address", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    plan = Plan(arguments.work, arguments.jobs, arguments.wait_s)
    if arguments.child:
        run_all(RayPool(n_workers=2, address=arguments.address), arguments.child, plan)
        return 0
    few = plan._replace(n=arguments.kill_jobs or plan.n)
    ray = load_ray()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=node_options(n_cores=1))
    # Before there is another node: Ray connects a driver to any of its machine's, and this one's must not be killed.
    pool = RayPool(n_workers=2, address=cluster.address)
    second = cluster.add_node(**node_options(n_cores=1))
    command = f"python -m benchmarks.scale.nodes --jobs {plan.n} --wait-s {plan.wait_s:g} --work {plan.work}"
    rows = Table(f"{command} --kill-jobs {few.n}", plan, ray_version=ray.__version__)
    with tempfile.TemporaryDirectory(prefix="avse-") as scratch:
        place = Path(scratch)
        make_videos(place / "videos", n=plan.n)
        local = run_all(LocalPool(n_workers=2), place / "local", plan)
        rows.note("local pool, 2 workers", place / "local", local, n=plan.n)
        found = run_all(pool, place / "ray", plan)
        rows.ratio = (
            f"Ray's wall time, with the start of its workers, is {found[0] / local[0]:.3f} times the local pool's, and "
            f"{(found[0] - found[1]) / (local[0] - local[1]):.3f} times from the first output on (target: 1.15)."
        )
        rows.note("Ray, 2 nodes", place / "ray", found, n=plan.n)
        found = run_all(pool, place / "worker", few, on=at_half(few.n, kill_worker))
        rows.note("a worker killed", place / "worker", found, n=few.n)
        gone = at_half(few.n, lambda: cluster.remove_node(second, allow_graceful=False))
        rows.note("a node killed", place / "node", run_all(pool, place / "node", few, on=gone), n=few.n)
        cluster.add_node(**node_options(n_cores=1))
        begun_s = time.monotonic()
        driver_killed(place / "driver", cluster.address, few)
        seconds = [time.monotonic() - begun_s, float("nan")]
        rows.note("the driver killed and started again", place / "driver", seconds, n=few.n)
        ray.shutdown()
    cluster.shutdown()
    return 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_ours(process: Path) -> bool:
    """True for a process that descends from this one."""
    while process.name not in ("0", "1"):
        if process.name == str(os.getpid()):
            return True
        try:
            process = process.with_name((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it is gone
            return False
    return False


def _words(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text().split("\0")
    except OSError:  # it is gone
        return []


if __name__ == "__main__":
    sys.exit(main())
