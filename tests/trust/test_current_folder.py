"""No program runs code that lies in the folder it is called from; test_network.py calls every command in such a one."""

import subprocess
import sys

from avse.workers import in_parallel, run_module


def test_a_planted_module_would_leave_a_trace(planted, tmp_path):
    subprocess.run([sys.executable, "-c", "import numpy"], cwd=planted, check=False, capture_output=True)
    assert (tmp_path / "ran.txt").read_text() == "numpy\n"


def double(number):
    return 2 * number


def test_child_processes_of_a_program_that_has_the_folder_on_its_path(planted, tmp_path, monkeypatch):
    # As in a notebook, where '' stands for the current folder.
    monkeypatch.chdir(planted)
    monkeypatch.setattr(sys, "path", [*sys.path, ""])
    assert list(in_parallel(double, [1, 2], n_workers=2)) == [2, 4]
    assert run_module("avse.cli.export", "--help", capture_output=True).returncode == 0
    assert not (tmp_path / "ran.txt").exists()
