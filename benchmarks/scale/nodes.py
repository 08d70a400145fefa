"""A Ray cluster of two nodes against the local pool, and what kills do to it: `python -m benchmarks.scale.nodes`.

Two nodes of one core each run on this machine (`ray.cluster_utils.Cluster`). Each job enhances a generated video of
half a second and waits before that as a longer one would take, so that the machine's other load does not decide. Then,
in the middle of a run: one worker is killed, one node is killed, and the driver is killed and started again. Every
output must be there once, equal to the undisturbed run's, and nothing half.
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

WORK = Work("benchmarks.scale.workers:enhancer")
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


def tasks_of(folder: Path, *, wait_s: float) -> list[Task]:
    """A job for each video."""
    (folder / "out").mkdir(exist_ok=True, parents=True)
    tasks = []
    for source in sorted((folder.parent / "videos").glob("*.mp4")):
        job = Job(audio=source, output=folder / "out" / source.name)
        key = key_of({"audio": fingerprint(source)})
        tasks.append(Task(source.name, {"job": job_to_json(job), "key": key, "wait_s": wait_s}, key=key))
    return tasks


def run_all(pool: Any, folder: Path, *, wait_s: float, on: Callable[[int], None] = lambda done: None) -> float:
    """Run all jobs; seconds from the start of the pool's processes."""
    tasks, started_s = tasks_of(folder, wait_s=wait_s), time.monotonic()
    with Journal(folder / "journal.jsonl", command="nodes", options={}) as journal:
        outcomes = run_tasks(pool, WORK, tasks, journal=journal)
        for number, outcome in enumerate(outcomes, 1):
            if outcome.error is not None:
                raise SystemExit(f"nodes: error: {outcome.task.id}: {outcome.error}")
            on(number)
    return time.monotonic() - started_s


def state_of(folder: Path, whole: Path) -> list[str]:
    """Outputs that are there, equal, half, and lines of the journal: as cells of a table."""
    found = {path.name: _digest(path) for path in (folder / "out").glob("*.mp4") if not path.name.startswith(".")}
    wanted = {path.name: _digest(path) for path in (whole / "out").glob("*.mp4")}
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


def driver_killed(folder: Path, address: str, *, n: int, wait_s: float) -> None:
    """Start a driver in a process of its own, kill it in the middle, and start it again."""
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.scale.nodes", "--child", str(folder), "--address", address,
               "--jobs", str(n), "--wait-s", str(wait_s)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(command, env=environment)
    until_s = time.monotonic() + 600
    while len(list((folder / "out").glob("[0-9]*.mp4"))) < n // 2 and time.monotonic() < until_s:
        time.sleep(0.1)
    process.kill()
    process.wait()
    subprocess.run(command, env=environment, check=True)


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--wait-s", type=float, default=2.0, help="that a job waits before it enhances")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    n, wait_s = arguments.jobs, arguments.wait_s
    if arguments.child:
        run_all(RayPool(n_workers=2, address=arguments.address), arguments.child, wait_s=wait_s)
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
        make_videos(Path(scratch) / "videos", n=n)
        whole = Path(scratch) / "local"
        local_s = run_all(LocalPool(n_workers=2), whole, wait_s=wait_s)
        note("local pool, 2 workers", whole, local_s)
        pool = RayPool(n_workers=2, address=cluster.address)
        folder = Path(scratch) / "ray"
        ray_s = run_all(pool, folder, wait_s=wait_s)
        note("Ray, 2 nodes", folder, ray_s)
        folder = Path(scratch) / "worker"
        note("a worker killed", folder, run_all(pool, folder, wait_s=wait_s, on=at_half(n, kill_worker)))
        folder = Path(scratch) / "node"
        gone = at_half(n, lambda: cluster.remove_node(second, allow_graceful=False))
        note("a node killed", folder, run_all(pool, folder, wait_s=wait_s, on=gone))
        cluster.add_node(**node_options(n_cores=1))
        folder, begun_s = Path(scratch) / "driver", time.monotonic()
        driver_killed(folder, cluster.address, n=n, wait_s=wait_s)
        note("the driver killed and started again", folder, time.monotonic() - begun_s)
        ray.shutdown()
    cluster.shutdown()
    text = (
        f"Ray {ray.__version__}. {n} videos of {LENGTH_S:g} s; a job waits {wait_s:g} s and then enhances one. Ray's "
        f"wall time, with the start of its workers, is {ray_s / local_s:.2f} times the local pool's (target: 1.15 at "
        f"most).\n\n{table(rows)}\n\nLoad of the machine meanwhile: {os.getloadavg()[2]:.1f} on {os.cpu_count()} cores."
    )
    command = f"python -m benchmarks.scale.nodes --jobs {n} --wait-s {wait_s:g}"
    write_section("Jobs: two nodes and kills", text, command=command, wall_s=time.monotonic() - started_s)
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
