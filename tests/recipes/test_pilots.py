"""Pilots of the core: what they share and change, and the table, on tones in hiss."""

from pathlib import Path

import pytest
from steered_tones import SMALL, as_flags, write_tones

from avse.errors import ConfigError
from recipes.steered.pilots import config_of, main, read_pilots

SHIPPED = Path(__file__).parents[2] / "egs" / "grid" / "pilots.yaml"
PLACES = ["--manifest", "x", "--audio", "x"]


def test_the_shipped_pilots_differ_from_the_first_in_what_their_names_say():
    pilots = read_pilots(SHIPPED)
    configs = {name: config_of(name, s, folder=Path("pilots"), rest=PLACES) for name, s in pilots.items()}
    first = next(iter(configs.values()))
    parts = {"architecture": "model", "loss": "loss", "mixtures": "mix channel"}
    for name, config in list(configs.items())[1:]:
        changed = [
            part
            for part in ("model", "loss", "mix", "channel", "loop")
            if getattr(config, part) != getattr(first, part)
        ]
        assert changed
        assert set(changed) <= set(parts[name.split(":")[0]].split())


def test_each_is_trained_and_scored_and_a_second_run_trains_none(tmp_path, monkeypatch, capsys):
    data = write_tones(tmp_path / "data")
    monkeypatch.setenv("AVSE_DATA", str(data))
    (tmp_path / "pilots.yaml").write_text("all: {loop.n_epochs: 1}\nplain: {}\nwide:\n  model.state_dim: 16\n")
    given = as_flags([*SMALL, "model.channels=8", "channel.measured_share=0", "n_valid=2", "loop.warmup_steps=1"])
    command = [
        str(tmp_path / "pilots.yaml"), str(tmp_path / "runs"), "--workers", "1", "--n-mixtures", "2",
        "--manifest", str(data / "manifest.jsonl"), "--audio", str(data / "audio"), *given,
    ]  # fmt: skip
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert [line.split("|")[1].strip() for line in printed.splitlines()[2:]] == ["plain", "wide"]
    assert (tmp_path / "runs" / "pilots.md").read_text() == printed
    before = (tmp_path / "runs" / "wide" / "model.safetensors").stat().st_mtime_ns
    assert main(command) == 0
    assert (tmp_path / "runs" / "wide" / "model.safetensors").stat().st_mtime_ns == before
    capsys.readouterr()
    with (tmp_path / "pilots.yaml").open("a") as file:
        file.write("broken:\n  start_from: none.safetensors\n")
    assert main(command) == 1
    captured = capsys.readouterr()
    assert captured.out == printed
    assert "pilots: error: broken: " in captured.err
    assert "none.safetensors" in captured.err


@pytest.mark.parametrize("text", ["- a", "a: 1", "a: [", "{}", "all: {n_valid: 2}"])
def test_what_is_no_list_of_pilots_is_one_line(tmp_path, text, capsys):
    path = tmp_path / "pilots.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="pilots"):
        read_pilots(path)
    assert main([str(path), str(tmp_path / "runs"), *PLACES]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
