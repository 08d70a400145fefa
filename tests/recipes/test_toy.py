"""The recipes on synthetic talkers, and an experiment of them: they learn, their results are generated.

A second run has nothing to do.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from inside import run_stages

ROOT = Path(__file__).parents[2]
GAIN_DB = 4.0
"""SI-SDR in hiss that each model gains at least: what egs/toy/README.md says, less a little for other arithmetic."""
CONF = ROOT / "egs/toy/conf/experiment"
SYSTEMS = {"logmmse", "klt", "adcnn", "avdcnn"}
pytestmark = pytest.mark.slow  # a minute; test_corpora.py takes a folder of videos through the stages in make test
TRAINED = ("*.safetensors", "*.json", "*.yaml", "log.jsonl")
"""What a training leaves."""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    exp = tmp_path_factory.mktemp("toy")
    # As users start it; the rest without a start of Python for each of thirty programs.
    done = _call(exp, "--stages", "check")
    assert done.returncode == 0, done.stderr[-3000:]
    _run(exp, "--model", "avdcnn")
    return exp


@pytest.fixture(scope="module")
def with_live(toy):
    """The live model beside it.

    Slow: test_corpora.py trains one, test_stages.py has its stages, test_long_scores.py the long videos.
    """
    _run(toy, "--model", "live")
    return toy


@pytest.fixture(scope="module")
def experiment(toy):
    """The experiment beside the models, on the same recordings, with the AVDCNN that is trained already.

    Slow: test_stages.py has its stages, test_reuse.py what they run, and test_experiment_tables.py the tables.
    """
    own, of_experiment = toy / "avdcnn", toy / "experiment/avdcnn"
    of_experiment.mkdir(parents=True)
    for path in [path for pattern in TRAINED for path in own.glob(pattern)]:
        shutil.copy(path, of_experiment)
    _run_experiment(toy)
    assert "is finished, with these settings and data" in (of_experiment / "train.log").read_text()
    return toy


def _words(exp, *options):
    return ["--exp", str(exp), "--results", str(exp / "RESULTS.md"), "--workers", "1", *options]


def _environment(exp):
    return {**os.environ, "TOY_DATA": str(exp / "data")}


def _call(exp, *options):
    return subprocess.run(
        ["bash", str(ROOT / "egs/toy/run.sh"), *_words(exp, *options)], env=_environment(exp), capture_output=True,
        text=True, check=False, timeout=900,
    )  # fmt: skip


def _run(exp, *options):
    done = run_stages("toy", *_words(exp, *options), environment=_environment(exp))
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def _run_experiment(exp, *options):
    words = [
        "--exp",
        exp,
        "--results",
        exp / "report/RESULTS.md",
        "--workers",
        "1",
        "--conf",
        *sorted(CONF.glob("*.yaml")),
    ]
    done = run_stages("toy", *words, *options, environment={**_environment(exp), "HEARING_EVERY": "18"})
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def _mixtures(exp):
    return [json.loads(line) for line in (exp / "data/av/test_mixtures.jsonl").read_text().splitlines()]


def _rows(path):
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}


def _gain_in_hiss(exp, scores, *, noisy):
    before, after = _rows(exp / noisy), _rows(exp / scores)
    chosen = [m["id"] for m in _mixtures(exp) if m["split"] == "test_seen" and m["noise_type"] == "hiss"]
    assert chosen
    return sum(after[name]["si_sdr_db"] - before[name]["si_sdr_db"] for name in chosen) / len(chosen)


def test_the_toy_run_reaches_the_number_in_its_readme(toy):
    assert _gain_in_hiss(toy, "avdcnn/scores_own.jsonl", noisy="scores_noisy.jsonl") > GAIN_DB


def test_results_hold_the_system_and_every_split(toy):
    text = (toy / "RESULTS.md").read_text()
    for words in (
        "## AVDCNN: targets",
        "## test_seen",
        "## test_unseen",
        "| AVDCNN, audio-only |",
        "python -m recipes.avdcnn.train",
    ):
        assert words in text


@pytest.mark.slow
def test_the_live_model_reaches_its_number_too(with_live):
    assert _gain_in_hiss(with_live, "live/scores_own.jsonl", noisy="scores_noisy.jsonl") > GAIN_DB


@pytest.mark.slow
def test_results_of_both_hold_bad_long_and_quiet_videos(with_live):
    text = (with_live / "RESULTS.md").read_text()
    for words in (
        "## AVDCNN: targets",
        "## live: targets",
        "| stranger |",
        "## Long videos: live",
        "| cut, 20 s |",
        "| noise, 8 s | 1 |",
        "## Speech at 30 dB",
        "python -m recipes.live.train",
    ):
        assert words in text


def test_a_second_run_skips_what_is_done(toy):
    before = {path: path.stat().st_mtime_ns for path in toy.rglob("*.wav")}
    weights = (toy / "avdcnn/model.safetensors").stat().st_mtime_ns
    done = _run(toy, "--stages", "train,enhance,score")
    assert "is finished, with these settings and data" in done.stderr
    assert done.stderr.count("0 mixtures enhanced, 18 were done before") == 2
    assert done.stderr.count("is up to date") == 3
    assert (toy / "avdcnn/model.safetensors").stat().st_mtime_ns == weights
    assert before == {path: path.stat().st_mtime_ns for path in toy.rglob("*.wav")}


@pytest.mark.slow
def test_every_system_is_scored_on_every_mixture_and_trained_ones_beat_the_noise(experiment):
    for system in SYSTEMS:
        folder = experiment / "experiment" / system
        assert _rows(folder / "scores.jsonl").keys() == {m["id"] for m in _mixtures(experiment)}
        assert json.loads((folder / "cost.json").read_text())["real_time_factor"] > 0
        scores = f"experiment/{system}/scores.jsonl"
        assert _gain_in_hiss(experiment, scores, noisy="experiment/noisy/scores.jsonl") > 1, system


@pytest.mark.slow
def test_the_tables_and_figures_of_the_experiment_are_there(experiment):
    text = (experiment / "report/RESULTS.md").read_text(encoding="utf-8")
    for words in ("log-MMSE", "KLT subspace", "ADCNN", "AVDCNN", "PESQ-WB", "SDI", "egs/toy/run.sh --conf",
                  "python -m recipes.avdcnn.train", "test_unseen"):  # fmt: skip
        assert words in text, words
    assert list((experiment / "report/figures").iterdir())
    assert "<html" in (experiment / "experiment/report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_second_run_has_nothing_to_train_enhance_or_score(experiment):
    files = [
        path
        for path in (experiment / "experiment").rglob("*")
        if path.suffix in (".wav", ".safetensors", ".jsonl") and not path.name.startswith(".")
    ]
    before = {path: path.stat().st_mtime_ns for path in files}
    done = _run_experiment(experiment, "--stages", "train,enhance,score")
    assert f"0 mixtures enhanced, {18 * len(SYSTEMS)} were done before" in done.stderr
    assert done.stderr.count("is up to date") == len(SYSTEMS) + 2 * (1 + len(SYSTEMS))  # costs, two files of scores
    assert before == {path: path.stat().st_mtime_ns for path in files}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--stages", "tain"], "but is tain"),
        (["--stage", "7"], "must be 0 to 6"),
        (["--sage", "1"], "--help shows"),
        (["--model", "tasnet"], "must be one of avdcnn, driver_stress, lip_cue, live, steered, vatt but is tasnet"),
    ],
)
def test_stages_that_do_not_exist_are_reported(tmp_path, options, words):
    done = _call(tmp_path, *options)
    assert done.returncode == 2
    assert words in done.stderr
