"""Jobs end where a cluster has fewer cores than workers were asked for, from the start or since a node was lost."""

import pytest
from few_cores import FewCores

from avse.jobs import ray_pool
from avse.jobs.task import Task, Work


@pytest.mark.parametrize(("n_cores", "lost"), [(1, ()), (2, (3,)), (3, (0, 4)), (2, (9,))])
def test_all_jobs_are_done_by_fewer_cores_than_were_asked_for(monkeypatch, n_cores, lost):
    ray = FewCores(n_cores)
    monkeypatch.setattr(ray_pool, "load_ray", lambda: ray)
    monkeypatch.setattr(ray_pool, "_connect", lambda *_: None)
    tasks = [Task(str(n), {"lose": True} if n in lost else {}) for n in range(10)]
    pool = ray_pool.RayPool(n_workers=max(2, n_cores))
    outcomes = list(pool.run(Work("example_workers:doubler"), tasks))
    assert sorted(o.result["id"] for o in outcomes) == [str(n) for n in range(10)]
    assert {o.task.id for o in outcomes if o.n_attempts == 2} == {str(n) for n in lost}
