"""Calls of `avse-enhance` on a folder of recordings."""

import pytest

from avse.cli import enhance

RECORD = ".avse-enhance.jsonl"


@pytest.fixture
def calls(tmp_path, media):
    """A folder of two recordings."""
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("a.wav", "c.wav"):
        (folder / name).write_bytes((media / "noisy.wav").read_bytes())
    return folder


@pytest.fixture
def run(live_graph, capsys):
    """`avse-enhance` with a small model: exit code, standard output, standard error."""

    def run(*arguments, model=live_graph):
        code = enhance.main([*map(str, arguments), "--model", str(model)])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != RECORD)
