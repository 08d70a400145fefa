"""Recordings of one session by their Freesound ids, whatever the path."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from avse.data.manifest import Item
from avse.errors import ConfigError

sys.path.insert(0, str(Path(__file__).parents[2]))

from egs.emodb.prepare import NAME
from egs.grid.prepare import check, read_items, recording_of, sessions_across
from egs.grid_words.prepare import split_of, word_of
from recipes.vatt.evaluate import position_chance


def _noise(audio, *, kind="rain", split="train", recording=None):
    return Item(id=audio, split=split, audio=audio, licence="x", noise_type=kind, recording=recording)


def _video(split, speaker, *, text=None):
    return Item(id="i", split=split, audio="v.mkv", licence="x", video="v.mkv", speaker=speaker, text=text)


def test_the_id_is_what_the_manifest_says_or_what_the_name_holds():
    assert recording_of(_noise("noise/train/rain__esc10_2-117271-A.ogg")) == "freesound:117271"
    assert recording_of(_noise("n/esc50_1-22694-B.ogg", recording="freesound:22694")) == "freesound:22694"
    assert recording_of(_noise("n/fan.ogg", recording="somebody/fan")) == "somebody/fan"
    assert recording_of(_noise("n/fan.ogg")) is None


def test_siblings_of_a_session_in_different_splits_are_found():
    items = [
        _noise("a/esc10_1-100-A.ogg", split="train"),
        _noise("b/esc10_1-101-A.ogg", split="test"),
        _noise("c/esc10_1-150-A.ogg", split="valid"),  # far away
        _noise("d/esc10_1-151-A.ogg", split="valid"),  # the same split
        _noise("e/esc10_1-152-A.ogg", split="test", kind="wind"),  # another kind
    ]
    assert sessions_across(items) == [("rain", ["100 (train)", "101 (test)"])]


def _pack(root, *noises):
    """A pack of one talking face and some noises, each a path, a split and a kind."""
    face = {"id": "s1_a", "split": "test_seen", "audio": "v.flac", "video": "v.mkv", "speaker": "s1", "text": None,
            "duration_s": 3.0, "licence": "CC-BY-4.0"}  # fmt: skip
    rows = [{"path": path, "split": split, "type": kind, "licence": "CC0-1.0"} for path, split, kind in noises]
    files = {"av/grid/manifest.jsonl": [face], "speech/manifest.jsonl": [], "noise/manifest.jsonl": rows,
             "av/test_mixtures.jsonl": []}  # fmt: skip
    for name, lines in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    for name in ("v.flac", *(path for path, _, _ in noises)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_one_recording_under_two_paths_is_refused_and_siblings_are_reported(tmp_path):
    tested = ("noise/a/esc10_1-100-A.ogg", "test", "rain")
    cut_again = ("noise/b/esc50_4-100-C.ogg", "train", "rain")
    with pytest.raises(ConfigError, match="no source recording of the test may be trained on but freesound:100 is"):
        check(_pack(tmp_path / "one", tested, cut_again))
    sibling = ("noise/b/esc50_4-102-C.ogg", "train", "rain")
    lines = check(_pack(tmp_path / "two", tested, sibling)).splitlines()
    assert lines[1:] == ["note: rain 100 (test) and 102 (train) may be of one session but stand in different splits"]


def test_the_data_packs_own_siblings_are_reported():
    root = Path(os.environ.get("AVSE_DATA", "data"))
    if not (root / "noise/manifest.jsonl").is_file():
        pytest.skip("needs AVSE_DATA with the GRID pack")
    found = {kind: " ".join(ids) for kind, ids in sessions_across(read_items(root))}
    assert {"baby_cry", "rain"} <= found.keys()
    assert "142005" in found["rain"]
    assert "142006" in found["rain"]


def test_a_word_lies_where_its_times_say_or_where_an_even_sentence_has_it(tmp_path):
    item = Item(
        id="i", split="train", audio="v.mkv", licence="x", video="v.mkv", speaker="s", text="bin blue at f two now"
    )
    word, start_s, end_s = word_of(item, "colour", root=tmp_path)
    assert word == "blue"
    assert start_s == pytest.approx(0.55 + 0.3 - 0.2)
    assert end_s == pytest.approx(0.55 + 0.6 + 0.2)
    times = (12500, 17500, 25000, 27500, 30000, 37500, 50000)
    spoken = zip(times, times[1:], item.text.split(), strict=False)
    (tmp_path / "v.align").write_text("0 12500 sil\n" + "".join(f"{a} {b} {word}\n" for a, b, word in spoken))
    assert word_of(item, "digit", root=tmp_path) == ("two", pytest.approx(1.2 - 0.08), pytest.approx(1.5 + 0.08))
    assert (
        word_of(Item(id="i", split="train", audio="v", licence="x", video="v", speaker="s"), "digit", root=tmp_path)
        is None
    )


def test_people_of_the_test_are_in_no_development():
    assert split_of(_video("test_unseen", "s26"), development=False) == "test"
    assert split_of(_video("test_unseen", "s26"), development=True) == ""
    assert split_of(_video("test_seen", "s1"), development=False) == ""
    assert split_of(_video("train", "s4"), development=True) == "test"
    assert split_of(_video("train", "s4"), development=False) == "train"


def test_emotions_stand_in_the_names():
    assert NAME.search("speech/more/emodb/emodb_03__emodb-03a02Fc.ogg").group(1) == "F"
    assert NAME.search("speech/more/emodb/emodb_03__emodb-03a02Ta_j2.ogg") is None


def test_who_knows_the_place_predicts_among_the_windows_of_that_place():
    places = np.array([0, 1, 2] * 60)
    assert position_chance(places, 1) == pytest.approx(1 / 60)
    assert position_chance(places, 100) == 1
    assert position_chance(np.zeros(180), 1) == pytest.approx(1 / 180)
