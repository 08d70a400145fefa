"""The list of faults that tests must notice: each still fits the code, so that `make torture` can try it."""

import ast
from pathlib import Path

import pytest

from benchmarks.torture import mutants
from benchmarks.torture.mutants import Mutant, by_hand, faulty, survives

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("fault", by_hand(), ids=lambda fault: fault.name)
def test_every_fault_of_the_list_fits_the_code(fault):
    source = (ROOT / fault.path).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(faulty(fault, source))) != ast.dump(ast.parse(source))
    assert fault.tests
    assert all((ROOT / path).is_file() for path in fault.tests)


def test_a_fault_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    fault = Mutant(path="a.py", before="x = 2", after="x = 3", tests=["t.py"], name="two")
    with pytest.raises(ValueError, match=r"two: a\.py must hold 'x = 2' once"):
        survives(fault, copy=tmp_path)


def test_what_tests_notice_is_killed_and_what_they_do_not_survives(tmp_path):
    (tmp_path / "doubling.py").write_text("def twice(n):\n    return n + n\n\n\ndef other(n):\n    return n\n")
    (tmp_path / "test_it.py").write_text("from doubling import twice\n\n\ndef test_it():\n    assert twice(3) == 6\n")
    given = {"path": "doubling.py", "tests": ["test_it.py"], "name": "fault"}
    assert not survives(Mutant(before="n + n", after="n - n", **given), copy=tmp_path)
    assert survives(Mutant(before="return n\n", after="return -n\n", **given), copy=tmp_path)
    assert "n + n" in (tmp_path / "doubling.py").read_text()
    broken = {"first": [Mutant(before="", after="", path="doubling.py", tests=["none.py"], name="none")]}
    assert mutants._check_without_faults(broken, copy=tmp_path) == "none.py"
