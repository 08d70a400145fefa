"""The recipes on synthetic talkers: they learn, their results are generated, and a second run has nothing to do."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from inside import run_stages

ROOT = Path(__file__).parents[2]
MODELS = {"avdcnn": 4.0, "live": 4.0}
"""SI-SDR in hiss that each gains at least, dB: what egs/toy/README.md says, less a little for other arithmetic."""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    exp = tmp_path_factory.mktemp("toy")
    # As users start it; the rest without a start of Python for each of thirty programs.
    done = _call(exp, "--stages", "check,prepare")
    assert done.returncode == 0, done.stderr[-3000:]
    for model in MODELS:
        _run(exp, "--model", model)
    return exp


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


def _gain_in_hiss(exp, scores, metric):
    noisy, enhanced = (
        {row["id"]: row for row in map(json.loads, (exp / name).read_text().splitlines())}
        for name in ("scores_noisy.jsonl", scores)
    )
    mixtures = map(json.loads, (exp / "data/av/test_mixtures.jsonl").read_text().splitlines())
    chosen = [m["id"] for m in mixtures if m["split"] == "test_seen" and m["noise_type"] == "hiss"]
    assert chosen
    return sum(enhanced[name][metric] - noisy[name][metric] for name in chosen) / len(chosen)


@pytest.mark.parametrize("model", MODELS)
def test_the_toy_run_reaches_the_number_in_its_readme(toy, model):
    assert _gain_in_hiss(toy, f"{model}/scores_own.jsonl", "si_sdr_db") > MODELS[model]


def test_results_hold_every_system_and_every_split(toy):
    text = (toy / "RESULTS.md").read_text()
    for words in (
        "## AVDCNN: targets",
        "## live: targets",
        "| stranger |",
        "## Long videos: live",
        "| cut, 20 s |",
        "| noise, 8 s | 1 |",
        "## Speech at 30 dB",
        "## test_seen",
        "## test_unseen",
        "| AVDCNN, audio-only |",
        "python -m recipes.avdcnn.train",
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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--stages", "tain"], "but is tain"),
        (["--stage", "7"], "must be 0 to 6"),
        (["--sage", "1"], "--help shows"),
        (["--model", "tasnet"], "must be avdcnn, live or steered"),
    ],
)
def test_stages_that_do_not_exist_are_reported(tmp_path, options, words):
    done = _call(tmp_path, *options)
    assert done.returncode == 2
    assert words in done.stderr
