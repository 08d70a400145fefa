"""A packed corpus gives what the recordings and crops gave, one read a sample, in memory that does not grow with it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from avse.data.packed import HEAD, PackedBank, decode_sample, encode_sample, finish_bank, is_packed, open_packed
from avse.data.shards import ShardWriter
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport


def _sample(seed, *, face=True):
    rng = np.random.default_rng(seed)
    waveform = (rng.standard_normal(1600) * (0.1 if seed % 2 else 3.0)).astype(np.float32)
    mouth = None
    if face:
        crops = rng.integers(256, size=(5, 8, 12, 3), dtype=np.uint8)
        mouth = MouthTrack(np.arange(5) / 25, crops, rng.random(5) < 0.8, FaceReport(2, 0.8, "largest"))
    return waveform, mouth


def _pack(folder, n, *, face=True):
    with ShardWriter(folder, name="samples", max_bytes=20_000) as writer:
        for i in range(n):
            waveform, mouth = _sample(i, face=face)
            writer.write(f"{i:012d}", encode_sample(waveform, mouth, {"id": f"id{i}", "speaker": f"s{i % 3}"}))
    finish_bank(folder, np.arange(n, dtype=np.uint32) % 3, ["s0", "s1", "s2"])


@pytest.mark.parametrize("face", [True, False])
def test_a_sample_there_and_back_loses_only_what_16_bits_lose(face):
    for seed in range(4):
        waveform, mouth = _sample(seed, face=face)
        back = decode_sample(encode_sample(waveform, mouth, {"id": "a"}))
        scale = max(1.0, float(np.abs(waveform).max()))
        assert np.abs(back.waveform - waveform).max() <= scale / 32767
        assert back.about["id"] == "a"
        if not face:
            assert back.mouth is None
            continue
        assert np.array_equal(back.mouth.crops, mouth.crops)
        assert np.array_equal(back.mouth.present, mouth.present)
        assert np.array_equal(back.mouth.timestamps_s, mouth.timestamps_s)
        assert (back.mouth.report.n_faces, back.mouth.report.chosen) == (2, "largest")


def test_a_bank_gives_waveforms_mouths_and_speakers_by_number(tmp_path):
    _pack(tmp_path, 8)
    bank = PackedBank(tmp_path)
    assert len(bank) == len(bank.waveforms) == len(bank.mouths) == 8
    for i in (7, 0, 3, 3):
        waveform, mouth = _sample(i)
        assert np.abs(bank.waveforms[i] - waveform).max() < 2e-3
        assert np.array_equal(bank.mouths[i].crops, mouth.crops)
    assert [item.speaker for item in bank.items] == [f"s{i % 3}" for i in range(8)]
    assert bank.waveforms[-1].shape == (1600,)


def test_a_damaged_sample_and_a_bank_without_mouths_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="a packed sample must hold i16 and json but is damaged"):
        decode_sample({"json": b"{}"})
    _pack(tmp_path, 2, face=False)
    with pytest.raises(ConfigError, match="packed faces must have mouth crops"):
        PackedBank(tmp_path).mouths[0]


def test_another_rate_is_refused_and_a_kind_that_is_not_there_is_none(tmp_path):
    _pack(tmp_path / "train" / "noise", 2, face=False)
    (tmp_path / HEAD).write_text(json.dumps({"sample_rate": 16000}))
    assert is_packed(tmp_path)
    assert len(open_packed(tmp_path, split="train", kind="noise", sample_rate=16000)) == 2
    assert open_packed(tmp_path, split="train", kind="speech", sample_rate=16000) is None
    with pytest.raises(ConfigError, match="must be of 8000 Hz but is of 16000 Hz"):
        open_packed(tmp_path, split="train", kind="noise", sample_rate=8000)


READ = """
import resource, sys
import numpy as np
from avse.data.packed import PackedBank
bank = PackedBank(__import__("pathlib").Path(sys.argv[1]))
rng = np.random.default_rng(0)
for _ in range(300):
    bank.waveforms[int(rng.integers(len(bank)))]
with open("/proc/self/status") as file:
    print(next(line.split()[1] for line in file if line.startswith("RssAnon")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    used_kb = []
    for n in (20, 2000):
        _pack(tmp_path / str(n), n, face=False)
        command = [sys.executable, "-c", READ, str(tmp_path / str(n))]
        used_kb.append(int(subprocess.check_output(command, text=True)))
    assert used_kb[1] - used_kb[0] < 3000
