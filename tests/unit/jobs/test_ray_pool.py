"""A Ray cluster of this machine gives what the local pool gives, and its errors are one line each."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from avse import __version__
from avse.errors import InputError
from avse.jobs import ray_pool
from avse.jobs.local_pool import LostProcessError
from avse.jobs.task import Work

pytest.importorskip("ray")
HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the program printed; Ray leaves processes to the end of its own, which pytest would take for leaks."""
    once = tmp_path_factory.mktemp("ray") / "once"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
    command = [sys.executable, str(HERE / "ray_program.py"), str(once)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_jobs_on_ray_end_as_on_the_local_pool(found):
    numbers, errors, attempts, hosts = zip(*found["plain"], strict=True)
    assert numbers == (1, None, 5, None, 9)
    assert errors[1] == "the number must be even but is not; choose another"
    assert errors[3].startswith("process was killed 3 times")
    assert attempts[2] == 2
    assert set(hosts) == {socket.gethostname()}


def test_a_killed_actor_is_replaced_and_its_job_begun_again(found):
    assert [row[0] for row in found["killed"]] == [1, 3]
    assert sorted(row[2] for row in found["killed"]) == [1, 2]


def test_a_job_without_progress_is_ended_on_its_node_and_the_next_is_done():
    actor = ray_pool._Actor(Work("example_workers:doubler").as_json(), 10.0)
    rows = [actor.do("hangs", {"hang": True}), actor.do("next", {"n": 2})]
    actor.stop()
    assert "a job must make progress every 10 s but did not" in rows[0]["error"]
    assert rows[1]["result"]["n"] == 4


@pytest.mark.parametrize("n_lost", [1, 2, 3])
def test_a_worker_that_is_lost_while_it_starts_is_started_again_and_not_for_ever(monkeypatch, n_lost):
    started = []

    class Child:
        def __init__(self, work, *, no_progress_s):
            started.append(work)
            if len(started) <= n_lost:
                raise LostProcessError("the process of a worker is gone")

        def do(self, task):
            return {"n": 1}, None, 0.0

    monkeypatch.setattr(ray_pool, "ChildProcess", Child)
    row = ray_pool._Actor(Work("example_workers:doubler").as_json(), 5.0).do("t", {})
    assert row["n_lost"] == n_lost
    if n_lost < 3:
        assert (row["result"], row["error"]) == ({"n": 1}, None)
    else:
        assert (row["result"], row["is_setup"]) == (None, True)
        assert f"node {socket.gethostname()}: worker must start but does not" in row["error"]


def test_a_node_of_another_version_is_refused_with_both_named(found):
    words = rf"node {socket.gethostname()}: .*must have avse 0\.0\.9, .* but this one has {re.escape(__version__)}"
    assert re.search(words, found["version"])


@pytest.mark.parametrize(
    ("address", "words"),
    [("127.0.0.1:1", "nobody answers there"), ("nowhere", "must be host:port"), ("a.invalid:6379", "nobody answers")],
)
def test_a_dead_address_is_one_line_at_once(address, words):
    with pytest.raises(InputError, match=words):
        ray_pool._check_address(address)
