"""Long videos through the commands: scores, reports, runs that were killed or begun otherwise."""

import json
import os
import re
from pathlib import Path

import pytest
from long_videos import GRID_TARGETS, video_of, write_pack, write_weights

from recipes.speech_benchmark import long_report, long_scores
from recipes.speech_benchmark.mouths import BAD, CONDITIONS
from recipes.speech_benchmark.videos import Interferer, LongVideo, read_videos, write_videos


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """Two clips, a list of videos of them, and weights of a live network that nobody trained."""
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    write_pack(tmp_path)
    write_videos(tmp_path / "long.jsonl", [video_of("n"), video_of("t", "talkers"), video_of("l", length_s=60.0)])
    return tmp_path


def run(pack, *options, folder="m"):
    given = [pack / folder, "--videos", pack / "long.jsonl", "--manifest", pack / "manifest.jsonl", "--crops",
             pack / "crops", "--workers", 1]  # fmt: skip
    return long_scores.main([*map(str, [*given, *options])])


def rows_of(path):
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}


def test_the_commands_write_scores_and_the_report_shows_them(pack, capsys):
    assert run(pack, folder=".") == 0
    assert run(pack, "--model", pack / "model.safetensors") == 0
    assert {path.name for path in (pack / "m").iterdir()} == {f"long_{c}.jsonl" for c in CONDITIONS}
    noisy, own = rows_of(pack / "long_noisy.jsonl"), rows_of(pack / "m/long_own.jsonl")
    assert noisy["n"]["si_sdr_db"] == pytest.approx(5.0, abs=0.1)
    assert noisy["n"]["level_db"] == pytest.approx(0.0, abs=0.1)
    assert own["n"]["si_sdr_db"] != noisy["n"]["si_sdr_db"]
    assert rows_of(pack / "m/long_none.jsonl")["n"] != own["n"]
    # Bad video is not tried with the long ones.
    assert set(own) == {"n", "t", "l"}
    assert set(rows_of(pack / f"m/long_{BAD[0]}.jsonl")) == {"n", "t"}
    options = ["--videos", pack / "long.jsonl", "--noisy", pack / "long_noisy.jsonl", "--targets", GRID_TARGETS]
    assert long_report.main([str(pack / "m"), *map(str, options)]) == 0
    text = capsys.readouterr().out
    for words in ("## Long videos", "| noise, 60 s | 1 |", "| frozen | 2 |", "| 40-pixel face | 2 |", "| missed |"):
        assert words in text


def test_a_second_run_keeps_what_is_done_and_other_weights_or_data_replace_it(pack, capsys):
    def n_scored():
        assert run(pack, "--model", pack / "model.safetensors", "--conditions", "none") == 0
        return int(re.search(r"(\d+) rows scored", capsys.readouterr().err).group(1))

    assert [n_scored(), n_scored()] == [3, 0]
    before = rows_of(pack / "m/long_none.jsonl")
    (pack / "model.safetensors").touch()
    assert n_scored() == 0, "the same weights"
    write_weights(pack, seed=2)
    os.utime(pack / "model.safetensors", (10**9, 10**9))  # older than what they replace
    assert n_scored() == 3
    after = rows_of(pack / "m/long_none.jsonl")
    assert all(after[name]["si_sdr_db"] != before[name]["si_sdr_db"] for name in before)
    write_videos(pack / "long.jsonl", [*read_videos(pack / "long.jsonl")[1:], video_of("new")])
    assert n_scored() == 1


def test_a_killed_run_continues(pack, monkeypatch, capsys):
    real = long_scores.score_video
    calls = []

    def dies_at_the_second(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(long_scores, "score_video", dies_at_the_second)
    options = ("--model", pack / "model.safetensors", "--conditions", "none")
    with pytest.raises(KeyboardInterrupt):
        run(pack, *options)
    monkeypatch.setattr(long_scores, "score_video", real)
    capsys.readouterr()
    assert run(pack, *options) == 0
    assert "2 rows scored" in capsys.readouterr().err
    assert set(rows_of(pack / "m/long_none.jsonl")) == {"n", "t", "l"}


def test_a_video_that_cannot_be_read_does_not_end_the_others(pack, capsys):
    broken = LongVideo("x", "test_seen", "s", "noise", "white", 5.0, 20.0, ("gone",), (Interferer(()),), ("other",))
    write_videos(pack / "long.jsonl", [broken, video_of("n")])
    assert run(pack, "--model", pack / "model.safetensors", "--conditions", "none") == 1
    rows = rows_of(pack / "m/long_none.jsonl")
    assert rows["n"]["si_sdr_db"] is not None
    assert rows["x"]["si_sdr_db"] is None
    assert "clip gone must be in the manifest" in rows["x"]["failed"]["si_sdr_db"]
    assert "failed: x" in capsys.readouterr().err


def test_unknown_conditions_are_refused(pack, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(pack, "--model", pack / "model.safetensors", "--conditions", "none,upside_down")
    assert "'upside_down'" in capsys.readouterr().err
    assert not Path(pack / "m").exists()
