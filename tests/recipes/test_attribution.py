"""The list of whom to name holds every source of the training and nobody else."""

from avse.data.manifest import Item, write_manifest
from recipes.speech_benchmark.attribution import main


def test_sources_of_the_training_are_named_by_licence(tmp_path):
    rows = [
        Item(id="a", split="train", audio="a.wav", licence="CC BY 4.0", speaker="s", attribution="Ann, example.org"),
        Item(id="b", split="train", audio="b.wav", licence="CC BY 4.0", speaker="t", attribution="Ann, example.org"),
        Item(id="c", split="train", audio="c.wav", licence="MIT", noise_type="fan", attribution="Bob"),
        Item(id="d", split="test", audio="d.wav", licence="MIT", noise_type="fan", attribution="Carol"),
    ]
    write_manifest(tmp_path / "m.jsonl", rows)
    assert main([str(tmp_path / "m.jsonl"), str(tmp_path / "out.md")]) == 0
    text = (tmp_path / "out.md").read_text()
    assert "3 in all" in text
    assert "## CC BY 4.0\n\n- Ann, example.org (2)\n" in text
    assert "## MIT\n\n- Bob (1)\n" in text
    assert "Carol" not in text
