"""Jobs end where a cluster has fewer cores than workers were asked for, from the start or since a node was lost."""

import re

import pytest
from few_cores import FewCores

from avse import __version__
from avse.jobs import ray_pool
from avse.jobs.task import SetupError, Task, Work


@pytest.fixture
def pool_of(monkeypatch):
    """A pool on a cluster of some cores."""

    def make(n_cores):
        monkeypatch.setattr(ray_pool, "load_ray", lambda: FewCores(n_cores))
        monkeypatch.setattr(ray_pool, "_connect", lambda *_: None)
        return ray_pool.RayPool(n_workers=max(2, n_cores))

    return make


@pytest.mark.parametrize(("n_cores", "lost"), [(1, ()), (2, (3,)), (3, (0, 4)), (2, (9,))])
def test_all_jobs_are_done_by_fewer_cores_than_were_asked_for(pool_of, n_cores, lost):
    tasks = [Task(str(n), {"lose": True} if n in lost else {}) for n in range(10)]
    outcomes = list(pool_of(n_cores).run(Work("example_workers:doubler"), tasks))
    assert sorted(o.result["id"] for o in outcomes) == [str(n) for n in range(10)]
    assert {o.task.id for o in outcomes if o.n_attempts == 2} == {str(n) for n in lost}


@pytest.mark.parametrize(
    "words",
    ["ModuleNotFoundError: No module named 'avse.jobs'", "AttributeError: Can't get attribute '_Actor' on <module>"],
)
def test_a_node_without_avse_or_of_a_version_before_jobs_is_refused(pool_of, words):
    tasks = [Task("a", {"words": words}), Task("b")]
    with pytest.raises(
        SetupError, match=rf"every node must have avse {re.escape(__version__)}, .* but one has none or"
    ):
        list(pool_of(2).run(Work("example_workers:doubler"), tasks))
