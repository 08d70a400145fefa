"""Every job has one outcome, whatever becomes of its process; each makes its worker once and ends with the pool."""

import os
import threading
import time

import pytest

from avse.errors import AvseError
from avse.jobs.local_pool import LocalPool
from avse.jobs.task import SetupError, Task, Work

WORK = Work("example_workers:doubler", {"offset": 1})


def run(payloads, *, n_workers=2, work=WORK, **options):
    tasks = [Task(str(n), {"n": n, **payload}) for n, payload in enumerate(payloads)]
    return {o.task.id: o for o in LocalPool(n_workers=n_workers, **options).run(work, tasks)}


def test_each_job_has_its_result_and_each_process_makes_its_worker_once():
    outcomes = run([{}] * 20)
    assert [outcomes[str(n)].result["n"] for n in range(20)] == [2 * n + 1 for n in range(20)]
    pids = {o.result["pid"] for o in outcomes.values()}
    assert len(pids) <= 2
    assert os.getpid() not in pids
    for pid in pids:
        jobs = sorted(o.result["n_jobs"] for o in outcomes.values() if o.result["pid"] == pid)
        assert jobs == list(range(1, len(jobs) + 1))


def test_an_error_is_the_line_of_its_job_and_the_others_are_done():
    outcomes = run([{}, {"fail": True}, {"break": True}, {}])
    assert outcomes["1"].error == "the number must be even but is not; choose another"
    assert "RuntimeError: a decoder fails" in outcomes["2"].error
    assert outcomes["0"].result["n"] == 1
    assert outcomes["3"].result["n"] == 7


def test_a_job_whose_process_dies_is_begun_again_and_one_that_kills_each_is_given_up(tmp_path):
    outcomes = run([{}, {"once": str(tmp_path / "once")}, {"die": True}, {}])
    assert outcomes["1"].result["n"] == 3
    assert outcomes["1"].n_attempts == 2
    assert outcomes["2"].error.startswith("process was killed 3 times")
    assert outcomes["3"].result["n"] == 7


def test_a_job_without_progress_is_ended_and_a_slow_one_that_reports_is_not():
    started_s = time.monotonic()
    # Processes take seconds to start on a busy machine: the limit must not end them.
    outcomes = run([{"hang": True}, {"n": 1, "slow_steps": 20}], no_progress_s=5.0)
    assert "a job must make progress every 5 s but did not" in outcomes["0"].error
    assert outcomes["1"].result["n"] == 3
    assert outcomes["1"].seconds > 5
    assert time.monotonic() - started_s < 120


def test_a_worker_that_cannot_be_made_is_one_error_for_all():
    with pytest.raises(AvseError, match="model must exist but does not"):
        run([{}] * 4, work=Work("example_workers:broken"))


def test_another_version_of_avse_is_refused_with_both_named():
    from avse import __version__

    words = rf"must have avse 0\.0\.9, as the one that started the job, but this one has {__version__}"
    with pytest.raises(AvseError, match=words):
        run([{}], work=Work("example_workers:doubler", version="0.0.9"))


def test_a_pool_that_is_left_early_ends_its_processes(tmp_path):
    tasks = [Task(str(n), {"n": n, "slow_steps": 0 if n == 0 else 200}) for n in range(3)]
    outcomes = LocalPool(n_workers=2).run(WORK, tasks)
    pid = next(outcomes).result["pid"]
    started_s = time.monotonic()
    outcomes.close()
    assert time.monotonic() - started_s < 60, "200 steps of 0.3 s are left"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_still_starts_when_the_pool_is_left_does_no_job(monkeypatch):
    is_left, starting, children = threading.Event(), threading.Event(), []

    class Child:
        def __init__(self, work, *, no_progress_s):
            children.append(self)
            self.tasks, self.is_stopped, self.is_late = [], False, len(children) == 2
            if self.is_late:
                starting.set()
                assert is_left.wait(60)
            else:
                assert starting.wait(60)

        def do(self, task):
            self.tasks.append(task)
            return {}, None, 0.0

        def stop(self, *, grace_s=0.0):
            self.is_stopped = True

    monkeypatch.setattr("avse.jobs.local_pool.ChildProcess", Child)
    outcomes = LocalPool(n_workers=2).run(WORK, [Task(str(n), {}) for n in range(3)])
    next(outcomes)
    threading.Timer(0.5, is_left.set).start()
    outcomes.close()
    late = next(child for child in children if child.is_late)
    assert late.is_stopped
    assert late.tasks == []


def test_a_thread_that_fails_ends_the_run_and_does_not_let_it_wait_for_ever(monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("no more processes")

    monkeypatch.setattr("avse.jobs.local_pool.ChildProcess", fails)
    with pytest.raises(SetupError, match="no more processes"):
        run([{}, {}])
