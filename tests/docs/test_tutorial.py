"""The tutorial runs from start to end, and its small network learns."""

import json
from pathlib import Path

NOTEBOOK = json.loads((Path(__file__).parents[2] / "docs/tutorial.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_the_tutorial_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for cell in CODE:
        exec(compile("".join(cell["source"]), "tutorial.ipynb", "exec"), namespace)
    assert (tmp_path / "tutorial_data/tutorial.png").is_file()
    losses = namespace["losses"]
    assert sum(losses[-10:]) < sum(losses[:10])
    assert namespace["gain_db"] > 2, "on a talker that training has not seen"


def test_the_tutorial_is_kept_without_outputs():
    assert CODE
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CODE)


def test_the_tutorials_code_is_valid():
    for cell in CODE:
        compile("".join(cell["source"]), "tutorial.ipynb", "exec")
