"""The manifest is checked when it is read, line by line."""

import json

import pytest

from avse.data.manifest import (
    Item,
    Mixture,
    NoiseCut,
    data_root,
    read_manifest,
    read_mixtures,
    write_manifest,
)
from avse.errors import ConfigError

SPEECH = {"id": "a", "split": "train", "audio": "a.wav", "licence": "CC0-1.0", "speaker": "s1"}


def _file(tmp_path, *rows):
    path = tmp_path / "manifest.jsonl"
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_round_trip(tmp_path):
    items = [
        Item(**SPEECH, text="größer"),
        Item(id="n", split="valid", audio="n.ogg", licence="CC0-1.0", noise_type="rain"),
    ]
    write_manifest(tmp_path / "m.jsonl", items)
    assert read_manifest(tmp_path / "m.jsonl") == items


def test_mixtures_round_trip(tmp_path):
    mixture = Mixture("m", "a", "test_seen", "rain", (NoiseCut("n.ogg", 0.5), NoiseCut("b.mkv", 0.0, clip="b")), -5)
    write_manifest(tmp_path / "m.jsonl", [mixture])
    assert read_mixtures(tmp_path / "m.jsonl") == [mixture]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((SPEECH, SPEECH), "a stands twice"),
        ((SPEECH, "{not json}\n"), "manifest.jsonl:2 must be one JSON object"),
        (({**SPEECH, "split": "tset"},), "split of a must be one of train, valid, .* but is 'tset'"),
        (({k: v for k, v in SPEECH.items() if k != "licence"},), "manifest.jsonl:1 must name licence"),
        (({**SPEECH, "noise_type": "rain"},), "and not both"),
        (({**SPEECH, "id": 7},), "manifest.jsonl:1 must hold another kind of id than 7"),
        (("[1, 2]\n",), "manifest.jsonl:1 must be one JSON object but is"),
    ],
)
def test_bad_lines_are_named(tmp_path, rows, message):
    with pytest.raises(ConfigError, match=message):
        read_manifest(_file(tmp_path, *rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise": 3}, "must hold a list as noise"),
        ({"noise": [3]}, "must be a JSON object but is 3"),
        ({"noise": [{"path": "n.ogg"}]}, "must name offset_s"),
        ({"snr_db": "loud"}, "another kind of snr_db than 'loud'"),
    ],
)
def test_bad_mixtures_are_named(tmp_path, change, message):
    row = {"id": "m", "clip": "a", "split": "test_seen", "noise_type": "rain", "noise": [], "snr_db": -5, **change}
    with pytest.raises(ConfigError, match=message):
        read_mixtures(_file(tmp_path, row))


def test_what_is_no_text_is_reported(tmp_path):
    (tmp_path / "m.jsonl").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ConfigError, match="must be JSON lines in UTF-8"):
        read_manifest(tmp_path / "m.jsonl")


def test_missing_manifest_and_data_folder(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="run the manifest stage first"):
        read_manifest(tmp_path / "none.jsonl")
    monkeypatch.setenv("AVSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="set AVSE_DATA"):
        data_root()
