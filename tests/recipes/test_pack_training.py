"""Archives of the training's files: all of them, none of the test's, none above the limit."""

import tarfile

import pytest

from avse.data.manifest import Item, write_manifest
from recipes.pack_training import main


@pytest.fixture
def pack(tmp_path, monkeypatch):
    root = tmp_path / "data"
    (root / "rir").mkdir(parents=True)
    (root / "rir/room.flac").write_bytes(b"r" * 100)
    rows = []
    for number in range(10):
        name = f"v{number}.flac"
        (root / name).write_bytes(bytes([number]) * 30_000)
        split = "test_seen" if number == 9 else "train"
        rows.append(Item(id=name, split=split, audio=name, licence="CC0", speaker="s"))
    write_manifest(tmp_path / "m.jsonl", rows)
    monkeypatch.setenv("AVSE_DATA", str(root))
    return tmp_path


def test_every_training_file_is_packed_once_within_the_limit(pack):
    assert main([str(pack / "m.jsonl"), str(pack / "out"), "--limit-mib", "0.1"]) == 0
    parts = sorted((pack / "out").glob("*.tar"))
    assert len(parts) > 2
    assert all(part.stat().st_size <= 0.1 * 2**20 for part in parts)
    names = []
    for part in parts:
        with tarfile.open(part) as archive:
            names += archive.getnames()
    assert sorted(names) == sorted([*(f"v{number}.flac" for number in range(9)), "rir/room.flac"])
    with tarfile.open(parts[0]) as archive:
        assert archive.extractfile("v0.flac").read() == bytes([0]) * 30_000


def test_a_file_above_the_limit_is_one_line(pack, capsys):
    assert main([str(pack / "m.jsonl"), str(pack / "out"), "--limit-mib", "0.01"]) == 1
    assert "file v0.flac must fit into an archive" in capsys.readouterr().err
