"""No command runs code that lies in the folder it is called from, nor do the processes that it starts."""

import subprocess
import sys

import pytest

from avse.workers import in_parallel, run_module

PLANTED = (
    "numpy", "scipy", "torch", "av", "cv2", "soundfile", "pesq", "onnxruntime", "yaml", "sitecustomize_", "pickle",
    "struct", "selectors", "socket", "signal", "threading", "tempfile", "random", "json", "resource", "avse",
)  # fmt: skip
"""Names that some process imports, of packages and of Python's own library."""


@pytest.fixture
def planted(tmp_path):
    """A folder of modules that leave a trace when they run."""
    folder = tmp_path / "download"
    folder.mkdir()
    for name in PLANTED:
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran.txt')!r}, 'a').write({name!r} + chr(10))\nraise ImportError({name!r})\n"
        )
    return folder


@pytest.mark.parametrize("call", ["enhance", "enhance two", "score", "score two", "live", "faces", "export", "embed"])
def test_modules_in_the_current_folder_are_not_run(call, command, every_command, planted, tmp_path):
    (tmp_path / "out").mkdir()
    done = command(call.split()[0], *every_command(tmp_path / "out")[call], cwd=planted)
    assert not (tmp_path / "ran.txt").exists(), (tmp_path / "ran.txt").read_text()
    assert done.returncode == 0, done.stderr


def test_a_planted_module_would_leave_a_trace(planted, tmp_path):
    subprocess.run([sys.executable, "-c", "import numpy"], cwd=planted, check=False, capture_output=True)
    assert (tmp_path / "ran.txt").read_text() == "numpy\n"


def double(number):
    return 2 * number


def test_child_processes_of_a_program_that_has_the_folder_on_its_path(planted, tmp_path, monkeypatch):
    # As in a notebook, where '' stands for the current folder.
    monkeypatch.chdir(planted)
    monkeypatch.setattr(sys, "path", [*sys.path, ""])
    assert list(in_parallel(double, [1, 2], n_jobs=2)) == [2, 4]
    assert run_module("avse.cli.export", "--help", capture_output=True).returncode == 0
    assert not (tmp_path / "ran.txt").exists()
