"""An experiment on synthetic talkers, from nothing to its tables; and what happens when some of it fails."""

import json
import os
from pathlib import Path

import pytest
from inside import run_stages

from recipes import train_missing
from recipes.speech_benchmark import cost, enhance
from recipes.speech_benchmark.cost import cost_of

ROOT = Path(__file__).parents[2]
CONF = ROOT / "egs/toy/conf/experiment"
SYSTEMS = {"logmmse", "klt", "adcnn", "avdcnn"}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    exp = tmp_path_factory.mktemp("experiment")
    _run(exp)
    return exp


def _run(exp, *options):
    done = run_stages(
        "toy", "--exp", exp, "--results", exp / "RESULTS.md", "--workers", "1", "--conf", *sorted(CONF.glob("*.yaml")),
        *options, environment={**os.environ, "TOY_DATA": str(exp / "data"), "HEARING_EVERY": "17"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def _mean(path, metric, mixtures):
    rows = {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}
    return sum(rows[name][metric] for name in mixtures) / len(mixtures)


def test_every_system_is_scored_on_every_mixture_and_trained_ones_beat_the_noise(toy):
    mixtures = [json.loads(line) for line in (toy / "data/av/test_mixtures.jsonl").read_text().splitlines()]
    home = toy / "experiment"
    for system in SYSTEMS:
        rows = [json.loads(line) for line in (home / system / "scores.jsonl").read_text().splitlines()]
        assert {row["id"] for row in rows} == {m["id"] for m in mixtures}
        assert json.loads((home / system / "cost.json").read_text())["real_time_factor"] > 0
    hiss = [m["id"] for m in mixtures if m["noise_type"] == "hiss" and m["split"] == "test_seen"]
    before = _mean(home / "noisy/scores.jsonl", "si_sdr_db", hiss)
    for system in SYSTEMS:
        assert _mean(home / system / "scores.jsonl", "si_sdr_db", hiss) > before + 1, system


def test_the_tables_and_figures_are_there(toy):
    text = (toy / "RESULTS.md").read_text(encoding="utf-8")
    for words in ("log-MMSE", "KLT subspace", "ADCNN", "AVDCNN", "PESQ-WB", "SDI", "egs/toy/run.sh --conf",
                  "python -m recipes.avdcnn.train", "test_unseen"):  # fmt: skip
        assert words in text, words
    assert list((toy / "figures").iterdir())
    assert "<html" in (toy / "experiment/report.html").read_text(encoding="utf-8")


def test_a_second_run_has_nothing_to_train_enhance_or_score(toy):
    files = [path for path in (toy / "experiment").rglob("*") if path.suffix in (".wav", ".safetensors", ".jsonl")]
    before = {path: path.stat().st_mtime_ns for path in files}
    done = _run(toy, "--stages", "train,enhance,score")
    assert f"0 mixtures enhanced, {18 * len(SYSTEMS)} were done before" in done.stderr
    assert done.stderr.count("is up to date") == len(SYSTEMS) + 2 * (1 + len(SYSTEMS))  # costs, two files of scores
    assert before == {path: path.stat().st_mtime_ns for path in files}


def test_a_training_that_fails_is_named_and_the_others_continue(tmp_path, capsys):
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text("loop:\n  n_epoch: 3\n")
    good.write_text("loop:\n  seed: 1\n")
    (tmp_path / "exp/good").mkdir(parents=True)
    (tmp_path / "exp/good/model.safetensors").touch()
    places = ["--exp", tmp_path / "exp", "--manifest", tmp_path / "m", "--crops", tmp_path / "c"]
    assert train_missing.main([str(argument) for argument in [bad, good, *places]]) == 1
    error = capsys.readouterr().err
    assert "bad.yaml must train to its end but stopped with 2" in error
    assert "did you mean n_epochs?" in error
    assert "good.yaml must" not in error
    assert train_missing.main([str(argument) for argument in [tmp_path / "none.yaml", *places]]) == 2
    assert "none.yaml must be a file" in capsys.readouterr().err


def test_multiply_adds_are_those_of_the_layers(weights):
    # Per frame: the convolutions (one column of maps, or 16 rows of lips), then the fully connected layers without the
    # lip frames' head, which nobody asks for when enhancing.
    audio = 246 * 12 * 2 * 10 + 119 * 5 * 10 * 4
    video = 16 * (10 * 2 * 15 * 3 * 12 + 4 * 3 * 7 * 12 * 10 + 2 * 3 * 3 * 10 * 6)
    connected = 2804 * 1000 + 1000 * 800 + 800 * 600 + 600 * 257
    found = cost_of(str(weights))
    # Windows at the ends need a few columns more.
    assert found["multiply_adds_per_s"] == pytest.approx(50 * (audio + video + connected), rel=0.02)
    assert found["parameters"] == 7_176_131
    assert found["threads"] == 1


def test_the_cost_of_what_is_no_model_is_refused(tmp_path, capsys):
    assert cost.main([str(tmp_path / "cost.json"), "--model", str(tmp_path / "none.safetensors")]) == 1
    assert "must be a file" in capsys.readouterr().err
    assert not (tmp_path / "cost.json").exists()


def test_models_without_a_place_for_what_they_give_are_refused(tmp_path, capsys):
    models = ["--model", "klt", "--model", "logmmse"]
    lists = [f"--{name}={tmp_path / name}" for name in ("mixtures", "manifest", "crops")]
    for main, arguments in ((cost.main, [str(tmp_path / "cost.json")]),
                            (enhance.main, ["--folder", str(tmp_path / "enhanced"), *lists])):  # fmt: skip
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, *models])
        assert stopped.value.code == 2
        assert "must be as many as models but are 1 for 2" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
