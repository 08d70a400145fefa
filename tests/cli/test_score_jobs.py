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

    common = ["--reference", str(folder), "--estimate", str(folder), "--metrics", "stoi", "--jobs", "1"]
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


def test_a_share_without_a_place_for_its_scores_is_refused(folder, capsys):
    assert score.main(["--reference", str(folder), "--estimate", str(folder), "--shard", "1/2"]) == 2
    assert "--shard must go with an output" in capsys.readouterr().err
