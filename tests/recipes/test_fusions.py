"""`egs/fusions.sh`: the table of the tasks that have been evaluated."""

import shutil
import subprocess
from pathlib import Path

import pytest

from egs import fusions

ROOT = Path(__file__).parents[2]


def test_tasks_that_have_been_evaluated_are_compared_in_their_order(tmp_path, monkeypatch):
    for folder in ("egs/esc10/exp/audio", "egs/grid_words/exp/colour"):
        (tmp_path / folder / "predictions").mkdir(parents=True)
    (tmp_path / "egs/emodb/exp/emotion").mkdir(parents=True)  # begun, but nothing is predicted yet
    called = []
    monkeypatch.setattr(fusions, "ROOT", tmp_path)
    monkeypatch.setattr(fusions, "run", lambda command, environment: called.append(command))
    assert fusions.main([]) == 0
    assert called[0].program == "recipes.recognition.fusions"
    assert called[0].options == (
        "recipes/recognition/RESULTS.md", "--command", "egs/fusions.sh",
        "--task", "GRID colour, s26 and s31=egs/grid_words/exp/colour", "--task", "ESC-10=egs/esc10/exp/audio",
    )  # fmt: skip


def test_without_an_evaluation_one_line_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fusions, "ROOT", tmp_path)
    assert fusions.main([]) == 2
    assert capsys.readouterr().err == (
        "fusions.sh: error: an evaluation must be there but none is; run egs/*/run.sh first\n"
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_calls_the_program(tmp_path):
    done = subprocess.run(
        ["bash", str(ROOT / "egs/fusions.sh"), "--help"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "recipes/recognition/RESULTS.md" in done.stdout
