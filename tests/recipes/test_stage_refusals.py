"""What stages cannot do on a cluster, or continue, is one line: a dead address, a journal of something else."""

import argparse

import pytest
from hanging import length_or_hang
from long_videos import video_of, write_pack

from avse.data.manifest import Mixture, NoiseCut, write_manifest
from avse.jobs.journal import Journal
from recipes import pack
from recipes.executor import Command, add_options, parse, run_each
from recipes.speech_benchmark import enhance, find_mouths, long_scores, score_mixtures
from recipes.speech_benchmark.videos import write_videos
from recipes.vatt import shards

STAGES = {"crops": find_mouths, "shards": shards, "enhance": enhance, "score": score_mixtures,
          "long_scores": long_scores, "pack": pack}  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a stage on a small corpus: exit code, and its lines on standard error without the bar of progress."""
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    write_pack(tmp_path)
    write_manifest(
        tmp_path / "mixtures.jsonl", [Mixture("m", "clip", "test_seen", "hum", (NoiseCut("other.wav", 0.0),), 0.0)]
    )
    write_videos(tmp_path / "long.jsonl", [video_of("n", length_s=5.0)])
    common = ["--manifest", tmp_path / "manifest.jsonl"]
    lists = ["--mixtures", tmp_path / "mixtures.jsonl", *common]
    given = {
        "pack": [tmp_path / "manifest.jsonl", tmp_path / "out", "--crops", tmp_path / "crops"],
        "crops": [tmp_path / "manifest.jsonl", tmp_path / "out"],
        "shards": [tmp_path / "manifest.jsonl", tmp_path / "out"],
        "enhance": ["--model", "logmmse", "--folder", tmp_path / "out", "--crops", tmp_path / "crops", *lists],
        "score": [tmp_path / "out.jsonl", "--metrics", "si_sdr_db", *lists],
        "long_scores": [tmp_path / "out", "--videos", tmp_path / "long.jsonl", "--crops", tmp_path / "crops", *common],
    }

    def call(stage, *options):
        code = STAGES[stage].main([*map(str, [*given[stage], *options])])
        captured = capsys.readouterr()
        assert captured.out == ""
        return code, [line for line in captured.err.splitlines() if "error" in line or "Traceback" in line]

    return call


@pytest.mark.parametrize("stage", STAGES)
def test_a_dead_ray_address_is_one_line(run, stage):
    pytest.importorskip("ray")
    code, lines = run(stage, "--executor", "ray", "--ray-address", "127.0.0.1:1")
    assert code in (1, 2)
    assert len(lines) == 1
    assert f"{stage}: error: --ray-address 127.0.0.1:1 must be a running Ray cluster but nobody answers" in lines[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--ray-address", "127.0.0.1:1"], "--ray-address must go with --executor ray but that is local"),
        (["--no-progress-s", "-5"], "--no-progress-s must be above 0 and at most 1e+09 but is -5"),
        (["--no-progress-s", "nan"], "--no-progress-s must be above 0 and at most 1e+09 but is nan"),
        (["--shard", "3/2"], "--shard must be i/n with i from 1 to n but is '3/2'"),
    ],
)
@pytest.mark.parametrize("stage", STAGES)
def test_an_option_that_no_run_could_satisfy_is_one_line_and_2_before_anything_is_written(
    run, tmp_path, capsys, stage, options, words
):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit, match="2"):
        run(stage, *options)
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert f"{stage}: error: {words}" in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("n_workers", [1, 2])
def test_the_time_limit_holds_where_no_journal_is_kept(tmp_path, n_workers):
    parser = argparse.ArgumentParser()
    add_options(parser)
    arguments = parse(parser, ["--no-progress-s", "10", "--workers", str(n_workers)], stage="test")
    found = run_each(
        length_or_hang, ["hang", "four"], arguments, command=Command("test", tmp_path, {}), name_of=str,
        lost=lambda item, error: f"{item}: {error}",
    )  # fmt: skip
    lost, length = found
    assert "hang: a job must make progress every 10 s but did not and was ended" in lost
    assert length == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_journal_of_another_command_or_other_options_is_one_line(run, tmp_path, stage):
    for command, options, words in (("avse-enhance", {}, f"must be one of {stage} but is of avse-enhance"),
                                    (stage, {"old": 1}, "must be of the same options but ")):  # fmt: skip
        path = tmp_path / f"{command}.jsonl"
        with Journal(path, command=command, options=options):
            pass
        before = path.read_bytes()
        code, lines = run(stage, "--journal", path)
        assert code in (1, 2)
        assert len(lines) == 1
        assert f"{stage}: error: journal {path} {words}" in lines[0]
        assert path.read_bytes() == before
