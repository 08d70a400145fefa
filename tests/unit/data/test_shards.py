"""Shards that others can read, that are cut short, that continue where they were."""

import os
import pickle
import sys
import tarfile

import pytest

from avse.data import shards
from avse.data.shards import ShardReader, ShardWriter, written_keys
from avse.errors import ConfigError, MediaError


def _write(folder, n=7, *, max_bytes=2500, name="clips"):
    with ShardWriter(folder, name=name, max_bytes=max_bytes) as writer:
        for number in range(n):
            writer.write(f"{name}{number}", {"bin": bytes([number]) * 1000, "json": b"{}"})


def test_samples_come_back_from_several_shards(tmp_path):
    _write(tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"clips-{i:05d}.tar" for i in range(3)]
    reader = ShardReader(tmp_path)
    assert len(reader) == 7
    assert [reader[i]["bin"][0] for i in (6, 0, 3)] == [6, 0, 3]
    assert reader[2] == {"bin": bytes([2]) * 1000, "json": b"{}"}
    assert reader.problems == []


def test_they_are_plain_tar_files(tmp_path):
    _write(tmp_path, 2)
    with tarfile.open(tmp_path / "clips-00000.tar") as archive:
        assert archive.getnames() == ["clips0.bin", "clips0.json", "clips1.bin", "clips1.json"]
        assert archive.extractfile("clips1.bin").read() == b"\x01" * 1000


def test_writing_continues_after_what_is_there(tmp_path):
    _write(tmp_path, 3)
    _write(tmp_path, 2, name="more")
    with ShardWriter(tmp_path) as writer:
        writer.write("late", {"bin": b"x"})
    assert written_keys([tmp_path]) == {"clips0", "clips1", "clips2", "more0", "more1", "late"}
    assert (tmp_path / "clips-00001.tar").exists()


def test_an_unfinished_shard_is_not_there(tmp_path):
    writer = ShardWriter(tmp_path)
    writer.write("a", {"bin": b"x" * 100})
    assert not list(tmp_path.glob("*.tar"))
    assert written_keys([tmp_path]) == set()
    writer.close()
    assert written_keys([tmp_path]) == {"a"}


@pytest.mark.parametrize("left", [700, 1700, 3400, 4000])
def test_a_shard_cut_short_gives_what_is_whole(tmp_path, left):
    _write(tmp_path, 4, max_bytes=10**6)
    path = tmp_path / "clips-00000.tar"
    whole = path.read_bytes()
    path.write_bytes(whole[:left])
    (tmp_path / "z").mkdir()
    _write(tmp_path, 1, name="other")
    reader = ShardReader(tmp_path)
    assert "is cut short" in reader.problems[0]
    keys = [sample.key for sample in reader.samples]
    assert keys == [f"clips{i}" for i in range(left // 3072)] + ["other0"]
    assert all(reader[i]["json"] == b"{}" for i in range(len(reader)))


def test_a_shard_cut_short_while_it_is_read(tmp_path):
    _write(tmp_path, 4, max_bytes=10**6)
    reader = ShardReader(tmp_path)
    path = tmp_path / "clips-00000.tar"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(MediaError, match="must hold clips3 but is cut short"):
        reader[3]


def test_readers_travel_to_workers(tmp_path):
    _write(tmp_path, 3)
    reader = ShardReader(tmp_path)
    assert reader[1]
    assert pickle.loads(pickle.dumps(reader))[2]["bin"][0] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_forked_workers_open_the_shards_again(tmp_path):
    _write(tmp_path, 3)
    reader = ShardReader(tmp_path)
    assert reader[0]
    file = reader._open[reader.samples[0].shard]
    before = os.lseek(file.fileno(), 0, os.SEEK_CUR)
    child = os.fork()
    if child == 0:
        # Open files are shared with the parent, places in them and all.
        os._exit(0 if reader[1]["bin"][0] == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == before


def test_few_of_many_shards_are_open_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "MAX_OPEN", 2)
    _write(tmp_path, 5, max_bytes=1)
    reader = ShardReader(tmp_path)
    for number in (0, 1, 0, 4, 3, 2, 0):
        assert reader[number]["bin"][0] == number
        assert len(reader._open) <= 2


def test_nothing_there_and_keys_with_dots_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="must hold shards with samples"):
        ShardReader(tmp_path)
    with pytest.raises(ConfigError, match=r"must have no dot but is 'a\.b'"):
        ShardWriter(tmp_path).write("a.b", {})
