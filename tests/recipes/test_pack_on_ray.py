"""A few tiny files are packed on a Ray cluster of this machine as in one process: the quick test of stages on Ray."""

import pytest
from ray_files import run_on_ray, write_sounds

from avse.jobs.journal import read_journal
from recipes import pack

pytest.importorskip("ray", reason="needs Ray: pip install 'avse[cluster]'")


def _contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.glob("train/*/*")}


def test_recordings_packed_on_ray_are_those_of_a_local_run(tmp_path, monkeypatch):
    write_sounds(tmp_path)
    assert run_on_ray(tmp_path, "pack") == {"pack": 0}
    journal = read_journal(tmp_path / "packed" / "pack.journal.jsonl")
    assert set(journal.entries) == {"train speech", "train noise"}
    assert all(entry.is_done for entry in journal.entries.values())
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    assert pack.main([str(tmp_path / "sounds.jsonl"), str(tmp_path / "local"), "--workers", "1"]) == 0
    assert _contents(tmp_path / "packed") == _contents(tmp_path / "local")
    assert (tmp_path / "packed" / "packed.json").read_text() == (tmp_path / "local" / "packed.json").read_text()
