"""What an executor costs a file: `python -m benchmarks.scale.overhead --files 20000 [--ray]`.

The jobs do nothing, so that the wall time over their number is what the executor and the journal cost; then they copy a
small file each. The journal's run is killed (SIGKILL) again and again, and continued each time.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from avse.jobs.executor import ExecutorConfig, make_executor
from avse.jobs.journal import Journal, read_journal
from avse.jobs.run import run_tasks
from avse.jobs.task import Task, Work
from benchmarks.scale.ray_nodes import node_options
from benchmarks.torture.record import table, write_section


def run_all(folder: Path, *, n_files: int, executor: str, work: str, address: str | None = None) -> float:
    """Run jobs with a journal; seconds from the first outcome to the last."""
    tasks = [
        Task(f"{n:06d}", {"source": str(folder / "in"), "target": str(folder / "out" / f"{n:06d}.txt")}, key="k")
        for n in range(n_files)
    ]
    (folder / "out").mkdir(exist_ok=True)
    (folder / "in").write_text("a small file\n")
    config = ExecutorConfig(executor, n_workers=2, ray_address=address)
    first_s = None
    with Journal(folder / "journal.jsonl", command="overhead", options={"work": work}) as journal:
        for outcome in run_tasks(
            make_executor(config), Work(f"benchmarks.scale.workers:{work}"), tasks, journal=journal
        ):
            if outcome.error is not None:
                raise SystemExit(f"overhead: error: {outcome.error}")
            first_s = time.monotonic() if first_s is None else first_s
    return time.monotonic() - (first_s or time.monotonic())


def kill_and_continue(folder: Path, *, n_files: int, n_kills: int) -> dict[str, int]:
    """Kill the driver at random moments, continue it, and count what its journal then holds."""
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.scale.overhead", "--child", str(folder), "--files", str(n_files)]
    journal, rng = folder / "journal.jsonl", random.Random(1)
    cut = kills = 0
    for _ in range(n_kills):
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        before = journal.stat().st_size if journal.exists() else 0
        until_s = time.monotonic() + 120
        while time.monotonic() < until_s and process.poll() is None:
            if journal.exists() and journal.stat().st_size > before + rng.randrange(200, 4000):
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.001)
        process.wait()
        if journal.exists() and not journal.read_bytes().endswith(b"\n"):
            cut += 1
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    found = read_journal(journal)
    outputs = list((folder / "out").glob("*.txt"))
    whole = sum(path.read_bytes() == b"a small file\n" for path in outputs)
    left = sum(path.name.startswith(".") for path in (folder / "out").iterdir())
    done = sum(entry.is_done for entry in found.entries.values())
    return {"kills": kills, "lines cut": cut, "in the journal": done, "whole outputs": whole, "left over": left}


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--ray-files", type=int, help="on Ray (default: as many)")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--ray", action="store_true", help="on a Ray cluster of this machine, too")
    parser.add_argument("--only-ray", action="store_true", help="on Ray alone, in a section of its own")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.child:
        run_all(arguments.child, n_files=arguments.files, executor="local", work="copier")
        return 0
    started_s, rows = time.monotonic(), [["executor", "job", "files", "wall, s", "ms a file", "journal, bytes a file"]]
    executors = ("ray",) if arguments.only_ray else ("local", "ray") if arguments.ray else ("local",)
    title = "Jobs: overhead a file on Ray" if arguments.only_ray else "Jobs: overhead a file"
    command = f"python -m benchmarks.scale.overhead --files {arguments.files} --kills {arguments.kills}"
    command += " --only-ray" if arguments.only_ray else " --ray" if arguments.ray else ""

    def write(more: str) -> None:
        """After each run: a later one may not end."""
        load = f"Load of the machine meanwhile: {os.getloadavg()[2]:.1f} on {os.cpu_count()} cores."
        write_section(title, f"{table(rows)}\n\n{more}{load}", command=command,
                      wall_s=time.monotonic() - started_s)  # fmt: skip

    with tempfile.TemporaryDirectory(prefix="avse-") as scratch:
        words = ""
        if arguments.kills:
            killed = kill_and_continue(Path(scratch) / "killed", n_files=2000, n_kills=arguments.kills)
            words = f"Killed and continued, 2,000 files: {', '.join(f'{n} {name}' for name, n in killed.items())}.\n\n"
            print(words, file=sys.stderr, flush=True)
        for executor in executors:
            address = _cluster() if executor == "ray" else None
            for work in ("nothing", "copier"):
                folder = Path(scratch) / f"{executor}-{work}"
                folder.mkdir()
                n_files = (arguments.ray_files or arguments.files) if executor == "ray" else arguments.files
                wall_s = run_all(folder, n_files=n_files, executor=executor, work=work, address=address)
                size = (folder / "journal.jsonl").stat().st_size / n_files
                rows.append([executor, work, str(n_files), f"{wall_s:.1f}", f"{1000 * wall_s / n_files:.2f}",
                             f"{size:.0f}"])  # fmt: skip
                print(rows[-1], file=sys.stderr, flush=True)
                write(words)
    return 0


def _cluster() -> str:
    """Start a Ray cluster of one node of this machine; it ends with this process."""
    from avse.jobs.ray_pool import load_ray

    load_ray()
    from ray.cluster_utils import Cluster

    address: str = Cluster(initialize_head=True, head_node_args=node_options(n_cores=2)).address
    return address


if __name__ == "__main__":
    sys.exit(main())
