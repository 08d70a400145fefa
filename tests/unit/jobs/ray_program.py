"""Runs jobs on a Ray cluster of this machine and prints what became of them: `ray_program.py ONCE`."""

import json
import os
import sys
import threading
import time

from avse.errors import AvseError
from avse.jobs.ray_pool import RayPool, load_ray
from avse.jobs.task import Task, Work
from benchmarks.scale.ray_nodes import node_options

WORK = Work("example_workers:doubler", {"offset": 1})


def run(pool, payloads, work=WORK):
    tasks = [Task(str(n), {"n": n, **payload}) for n, payload in enumerate(payloads)]
    outcomes = sorted(pool.run(work, tasks), key=lambda outcome: outcome.task.id)
    return [[o.result and o.result["n"], o.error, o.n_attempts, o.host] for o in outcomes]


def kill_an_actor():
    until_s = time.monotonic() + 120
    while time.monotonic() < until_s:
        for entry in os.listdir("/proc"):  # noqa: PTH208 - names of processes
            if entry.isdigit() and _is_actor(entry):
                os.kill(int(entry), 9)
                return
        time.sleep(0.1)


def _is_actor(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:  # noqa: PTH123
            return file.read().startswith("ray::_Actor.do")
    except OSError:
        return False


def main():
    load_ray()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=node_options(n_cores=2))
    pool = RayPool(n_workers=2, address=cluster.address)
    found = {"plain": run(pool, [{}, {"fail": True}, {"once": sys.argv[1]}, {"die": True}, {}])}
    threading.Thread(target=kill_an_actor, daemon=True).start()
    found["killed"] = run(pool, [{"slow_steps": 20}, {"slow_steps": 20}])
    try:
        run(pool, [{}], Work("example_workers:doubler", version="0.0.9"))
    except AvseError as error:
        found["version"] = str(error)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
