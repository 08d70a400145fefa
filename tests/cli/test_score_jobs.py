"""`avse-score` by shares: each keeps its scores, and the command without a share writes all of them."""

import json

import pytest

from avse.cli import score


@pytest.fixture
def folder(tmp_path, media):
    """Three recordings."""
    (tmp_path / "wav").mkdir()
    for name in "abc":
        (tmp_path / "wav" / f"{name}.wav").write_bytes((media / "noisy.wav").read_bytes())
    return tmp_path / "wav"


def test_shares_and_then_the_whole_are_the_scores_of_one_run(folder, tmp_path, monkeypatch, capsys):
    from avse import score as scoring

    common = ["--reference", str(folder), "--estimate", str(folder), "--metrics", "stoi", "--workers", "1"]
    assert score.main([*common, "--json", str(tmp_path / "plain" / "s.json")]) == 0
    shared = [*common, "--json", str(tmp_path / "shared" / "s.json")]
    for share in ("1/2", "2/2"):
        assert score.main([*shared, "--shard", share]) == 0
    assert not (tmp_path / "shared" / "s.json").exists()
    capsys.readouterr()
    assert score.main(["merge", *map(str, (tmp_path / "shared").glob("*.journal.jsonl"))]) == 0
    assert capsys.readouterr().out.startswith("3 jobs: 3 done")
    monkeypatch.setattr(scoring, "score_pair", None)  # nothing is left to score
    assert score.main(shared) == 0
    assert json.loads((tmp_path / "shared" / "s.json").read_text()) == json.loads(
        (tmp_path / "plain" / "s.json").read_text()
    )


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (2, ["--no-progress-s", "-5"], "--no-progress-s must be above 0 and at most 1e+09 but is -5"),
        (2, ["--ray-address", "127.0.0.1:1"], "--ray-address must go with --executor ray"),
        (1, ["--no-progress-s", "0.001"], "a job must make progress every 0.001 s but did not"),
    ],
)
def test_options_of_executors_count_in_plain_runs(folder, capsys, code, arguments, words):
    common = ["--reference", str(folder), "--estimate", str(folder), "--metrics", "stoi", "--jobs", "1"]
    assert score.main([*common, *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert words in captured.err


def test_a_share_without_a_place_for_its_scores_is_refused(folder, capsys):
    assert score.main(["--reference", str(folder), "--estimate", str(folder), "--shard", "1/2"]) == 2
    assert "--shard must go with an output" in capsys.readouterr().err
