"""Clips by speaker are the same by their names and by their numbers, and no recording of a large corpus is opened."""

from types import SimpleNamespace

import numpy as np
import pytest

from avse.data.packed import PackedBank, encode_sample, finish_bank
from avse.data.shards import ShardWriter
from avse.data.speakers import clips_by_speaker, nth_other
from avse.data.voices import Voices

NAMES = ["b", "a", "c"]
CODES = [0, 1, 0, 2, 1, 0]


@pytest.fixture
def packed(tmp_path):
    """Six recordings of three speakers, of whom each sample's value tells the row."""
    with ShardWriter(tmp_path, name="samples") as writer:
        for row, code in enumerate(CODES):
            waveform = np.full(10, (row + 1) / 10, dtype=np.float32)
            writer.write(f"{row:012d}", encode_sample(waveform, None, {"id": str(row), "speaker": NAMES[code]}))
    finish_bank(tmp_path, np.array(CODES, dtype=np.uint32), NAMES)
    return PackedBank(tmp_path)


def _bank():
    """The same, not packed."""
    return SimpleNamespace(items=[SimpleNamespace(speaker=NAMES[code]) for code in CODES])


def test_names_and_numbers_give_the_same_clips(packed):
    expected = {"a": [1, 4], "b": [0, 2, 5], "c": [3]}
    for bank in (packed, _bank()):
        found = clips_by_speaker(bank)
        assert {name: clips.tolist() for name, clips in found.items()} == expected
        assert list(found) == ["a", "b", "c"]


def test_no_recording_of_a_packed_corpus_is_opened_before_it_is_drawn(packed, monkeypatch):
    opened = []
    monkeypatch.setattr(packed.items, "_read", lambda row: opened.append(row) or SimpleNamespace(speaker="b"))
    voices = Voices([packed, packed])
    assert len(voices) == 12
    assert opened == []
    assert voices.others(8).tolist() == [0, 2, 5, 6, 11]
    assert opened == [2]
    np.testing.assert_allclose(voices._waveform(8)[0], 0.3, atol=1e-4)


@pytest.mark.parametrize("clips", [[], [0], [0, 1, 2], [3, 9], [1, 4, 5, 8], list(range(9))])
def test_the_nth_other_is_that_of_the_list_of_all_others(clips):
    others = [index for index in range(10) if index not in clips]
    assert [nth_other(np.array(clips, dtype=np.int64), number) for number in range(len(others))] == others
