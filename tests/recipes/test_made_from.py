"""A stage uses results again only if the same inputs made them."""

import json

import pytest

from avse.data.manifest import Item, Mixture, NoiseCut
from recipes.speech_benchmark.provenance import RECORD, data_facts, keep_if_same, model_facts


def test_outputs_of_other_inputs_are_removed(tmp_path):
    def outputs():
        return tmp_path.glob("*.wav")

    keep_if_same(tmp_path, facts={"model": "a"}, outputs=outputs())
    (tmp_path / "one.wav").touch()
    (tmp_path / "note.txt").touch()
    keep_if_same(tmp_path, facts={"model": "a"}, outputs=outputs())
    assert (tmp_path / "one.wav").exists()
    keep_if_same(tmp_path, facts={"model": "b"}, outputs=outputs())
    assert sorted(path.name for path in tmp_path.iterdir()) == [RECORD, "note.txt"]
    assert json.loads((tmp_path / RECORD).read_text())["facts"] == {"model": "b"}


@pytest.mark.parametrize("note", [None, "", "[]", "{}"])
def test_outputs_that_nobody_knows_the_origin_of_are_removed(tmp_path, note):
    (tmp_path / "one.wav").touch()
    if note is not None:
        (tmp_path / RECORD).write_text(note)
    keep_if_same(tmp_path, facts={"model": "a"}, outputs=tmp_path.glob("*.wav"))
    assert not (tmp_path / "one.wav").exists()


@pytest.mark.parametrize(
    "change", ["weights", "mixture", "clip", "audio", "noise", "mouth", "stranger's mouth", "nothing", "another clip"]
)
def test_what_a_mixture_depends_on(tmp_path, change):
    weights, crops = tmp_path / "w.safetensors", tmp_path / "crops"
    crops.mkdir()
    weights.write_text("one")
    items = {name: Item(name, "test", f"{name}.wav", "CC0-1.0", speaker="s") for name in ("a", "b")}
    items["c"] = Item("c", "test", "c.mp4", "CC0-1.0", video="c.mp4", speaker="t")
    for name in items:
        (crops / f"{name}.npz").write_text("mouth")
    for name in ("a.wav", "n.wav"):
        (tmp_path / name).write_text("audio")
    snr_db = 0.0

    def facts():
        mixtures = [Mixture("m", "a", "test", "hum", (NoiseCut("n.wav", 0.0),), snr_db)]
        return {
            "model": model_facts(str(weights)),
            **data_facts(mixtures, list(items.values()), root=tmp_path, crops=crops),
        }

    before = facts()
    if change == "weights":
        weights.write_text("two")
    elif change == "mixture":
        snr_db = 5.0
    elif change == "clip":
        items["a"] = Item("a", "test", "other.wav", "CC0-1.0", speaker="s")
    elif change in ("audio", "noise"):
        (tmp_path / f"{change[0]}.wav").write_text("other audio")
    elif change == "stranger's mouth":
        (crops / "c.npz").write_text("MOUTH")
    elif change == "mouth":
        (crops / "a.npz").write_text("MOUTH")
    elif change == "another clip":
        items["b"] = Item("b", "test", "other.wav", "CC0-1.0", speaker="s")
        (crops / "b.npz").write_text("MOUTH")
    assert (facts() == before) == (change in ("nothing", "another clip"))


def test_crops_are_cut_again_for_another_video(tmp_path, media, monkeypatch, capsys):
    from recipes.speech_benchmark import find_mouths as crops

    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    (tmp_path / "a.mp4").write_bytes((media / "talk.mp4").read_bytes())
    row = {"id": "a", "split": "train", "audio": "a.mp4", "video": "a.mp4", "licence": "CC0-1.0", "speaker": "s"}
    (tmp_path / "m.jsonl").write_text(json.dumps(row) + "\n")

    def run():
        assert crops.main([str(tmp_path / "m.jsonl"), str(tmp_path / "crops"), "--workers", "1"]) == 0
        return (tmp_path / "crops/a.npz").stat().st_mtime_ns

    first = run()
    assert run() == first
    (tmp_path / "a.mp4").touch()
    assert run() != first
