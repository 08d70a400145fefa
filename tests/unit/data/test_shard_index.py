"""An index of 16 bytes a sample gives each sample from one read, however many there are."""

import io
import pickle
import tarfile
import time
import tracemalloc

import numpy as np
import pytest

from avse.data.shard_index import INDEX, ROW, IndexedShards, has_index, write_index
from avse.data.shards import ShardReader, ShardWriter
from avse.errors import ConfigError, MediaError


def _write(folder, n=7, *, name="clips"):
    with ShardWriter(folder, name=name, max_bytes=2500) as writer:
        for number in range(n):
            writer.write(f"{name}{number}", {"bin": bytes([number]) * (900 + number), "json": b"{}"})


def test_every_sample_is_that_of_the_tar_files_themselves(tmp_path):
    _write(tmp_path)
    _write(tmp_path, 3, name="more")
    assert write_index(tmp_path) == 10
    reader, tar = IndexedShards(tmp_path), ShardReader(tmp_path)
    assert len(reader) == len(tar) == 10
    for i in (9, 0, 4, *range(10)):
        assert reader[i] == tar[i]
    assert ROW.itemsize == 16


def test_names_longer_than_a_header_holds_are_refused_by_nobody(tmp_path):
    key = "k" * 90
    with ShardWriter(tmp_path) as writer:
        writer.write(key, {"bin": b"x", "json": b"{}"})
    write_index(tmp_path)
    assert IndexedShards(tmp_path)[0] == {"bin": b"x", "json": b"{}"}


def test_an_index_of_other_shards_is_known(tmp_path):
    _write(tmp_path, 3)
    assert not has_index(tmp_path)
    write_index(tmp_path)
    assert has_index(tmp_path)
    _write(tmp_path, 1, name="more")
    assert not has_index(tmp_path)


@pytest.mark.parametrize("left", [1000, 3400])
def test_a_shard_cut_short_ends_with_its_last_whole_sample(tmp_path, left):
    with ShardWriter(tmp_path, max_bytes=10**6) as writer:
        for number in range(4):
            writer.write(str(number), {"bin": bytes(1000), "json": b"{}"})
        writer.close()
        _write(tmp_path, 1, name="z")
    path = tmp_path / "clips-00000.tar"
    path.write_bytes(path.read_bytes()[:left])
    assert write_index(tmp_path) == left // 3072 + 1
    reader = IndexedShards(tmp_path)
    assert all(reader[i]["json"] == b"{}" for i in range(len(reader)))


def test_a_shard_that_became_shorter_or_is_gone_is_one_line(tmp_path):
    _write(tmp_path, 2)
    write_index(tmp_path)
    path = tmp_path / "clips-00000.tar"
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(MediaError, match="must hold sample 0 but is cut short"):
        IndexedShards(tmp_path)[0]
    path.unlink()
    with pytest.raises(MediaError, match="must be readable but is not"):
        IndexedShards(tmp_path)[0]


def test_a_folder_without_shards_or_index_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="must hold shards with samples but has none"):
        write_index(tmp_path)
    with pytest.raises(ConfigError, match="must hold an index"):
        IndexedShards(tmp_path)


def test_readers_travel_to_workers_without_their_index(tmp_path):
    _write(tmp_path, 3)
    write_index(tmp_path)
    reader = IndexedShards(tmp_path)
    assert reader[1]["bin"][0] == 1
    assert len(pickle.dumps(reader)) < 1000
    assert pickle.loads(pickle.dumps(reader))[2] == reader[2]


def test_a_hundred_million_samples_open_at_once_and_take_no_memory(tmp_path):
    n = 100_000_000
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        member = tarfile.TarInfo("a.bin")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"xyz"))
    (tmp_path / "clips-00000.tar").write_bytes(content.getvalue())
    write_index(tmp_path)
    one = np.load(tmp_path / INDEX)
    with (tmp_path / INDEX).open("r+b") as file:  # a sparse file: all rows but the last are zeros
        np.lib.format.write_array_header_1_0(file, {"descr": ROW.descr, "fortran_order": False, "shape": (n,)})
        file.seek((n - 1) * ROW.itemsize, io.SEEK_CUR)
        file.write(one.tobytes())
    tracemalloc.start()
    started_s = time.process_time()
    reader = IndexedShards(tmp_path)
    assert len(reader) == n
    assert reader[n - 1] == {"bin": b"xyz"}
    assert time.process_time() - started_s < 1
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
