"""What CONTRIBUTING.md says under "How to add" is enough: a test follows it to the letter, in a copy."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from added_parts import (
    CONFIG,
    CORPUS,
    DATA,
    DRIVES_PREPARE,
    METRIC,
    METRIC_TEST,
    MODEL,
    MODEL_PROGRAM,
    OWN_PREPARE,
    PREPARE,
    RECIPE_README,
    RUN,
    TOY_CONFIG,
    TRAIN,
)
from audio_files import write_audio

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository to add to, without what was made in it."""
    root = tmp_path_factory.mktemp("copy")
    unwanted = shutil.ignore_patterns("__pycache__", "exp", "video_frames")
    for folder in ("avse", "recipes", "egs", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=unwanted)
    for file in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / file, root / file)
    return root


@pytest.fixture(scope="module")
def with_model(copy):
    """The copy with a model."""
    (copy / "avse/models/dummy.py").write_text(MODEL, encoding="utf-8")
    registry = copy / "avse/models/registry.py"
    _add(registry, "MODELS = {\n", '    "dummy": Entry("avse.models.dummy:Dummy", enhancer=as_it_is),\n')
    return copy


def _add(path, mark, text, *, before=False):
    whole = path.read_text(encoding="utf-8")
    assert whole.count(mark) == 1, (path, mark)
    path.write_text(whole.replace(mark, text + mark if before else mark + text), encoding="utf-8")


def _run(root, *command, **variables):
    done = subprocess.run(
        [str(part) for part in command], cwd=root, capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHON": sys.executable, **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _tests(root, *options):
    """Run tests of the copy; at least one passes and none fails."""
    assert "1 passed" in _run(root, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options)


def _add_corpus(root, name, prepare, settings):
    folder = root / "egs" / name
    folder.mkdir()
    (folder / "prepare.py").write_text(prepare, encoding="utf-8")
    (folder / "corpus.toml").write_text(settings, encoding="utf-8")
    (folder / "run.sh").write_text(RUN.replace("CORPUS", name), encoding="utf-8")


def test_a_metric(copy, tmp_path, talk):
    (copy / "avse/metrics/dummy.py").write_text(METRIC, encoding="utf-8")
    table = copy / "avse/metrics/table.py"
    _add(table, "from avse.metrics.haspi import", "from avse.metrics.dummy import dummy\n", before=True)
    _add(table, "METRICS = {\n", '    "dummy": Metric(dummy, "DUMMY", 1, by_default=False),\n')
    write_audio(tmp_path / "a.wav", talk.noisy, talk.rate)
    printed = _run(copy, sys.executable, "-m", "avse.cli.score", "--reference", tmp_path / "a.wav",
                   "--estimate", tmp_path / "a.wav", "--metrics", "dummy")  # fmt: skip
    assert "DUMMY" in printed
    assert "42.0" in printed
    (copy / "tests/unit/metrics/test_dummy.py").write_text(METRIC_TEST, encoding="utf-8")
    _tests(copy, "tests/unit/metrics/test_dummy.py")


def test_a_model(with_model, tmp_path):
    _run(with_model, sys.executable, "-c", MODEL_PROGRAM, tmp_path / "dummy.safetensors")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_recipe(with_model, tmp_path):
    folder = with_model / "recipes/dummy"
    folder.mkdir()
    for name, text in (("__init__", ""), ("config", CONFIG), ("data", DATA), ("train", TRAIN)):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(RECIPE_README, encoding="utf-8")
    (with_model / "egs/toy/conf/dummy.yaml").write_text(TOY_CONFIG, encoding="utf-8")
    rules = with_model / "tests/architecture/test_repository.py"
    line = "from recipes.dummy.config import TrainConfig as DummyTrainConfig\n"
    _add(rules, "from recipes.lip_cue.config import", line, before=True)
    _add(rules, "CONFIGS = {\n", '    "dummy": DummyTrainConfig,\n')
    _tests(with_model, rules, "-k", "every_shipped_configuration and dummy")
    _run(with_model, "bash", "egs/toy/run.sh", "--model", "dummy", "--stages", "train", "--exp", tmp_path)
    from safetensors.numpy import load_file

    weights = load_file(tmp_path / "dummy/model.safetensors")
    assert weights["gain"] == pytest.approx(0.75, abs=0.05)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_corpus(copy, tmp_path):
    _add_corpus(copy, "dummy", PREPARE, CORPUS)
    (tmp_path / "data/av").mkdir(parents=True)
    printed = _run(copy, "bash", "egs/dummy/run.sh", "--stages", "check,prepare", "--exp", tmp_path / "exp",
                   AVSE_DATA=str(tmp_path / "data"))  # fmt: skip
    assert "all there" in printed
    rows = [json.loads(line) for line in (tmp_path / "exp/manifest.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["clip", "hiss"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_corpus_of_the_users_own_videos(copy, tmp_path, media, talk):
    _add_corpus(copy, "own_dummy", OWN_PREPARE, f"{CORPUS}[own_data]\n")
    for folder in ("videos", "noise"):
        (tmp_path / folder).mkdir()
    for name in ("ann", "ben", "cat", "dan"):
        shutil.copy(media / "talk.mp4", tmp_path / f"videos/{name}.mp4")
    for number in range(4):
        write_audio(tmp_path / f"noise/hum{number}.wav", talk.noisy[number:], talk.rate)
    _run(copy, "bash", "egs/own_dummy/run.sh", "--videos", tmp_path / "videos", "--noise", tmp_path / "noise",
         "--stages", "check,prepare", "--exp", tmp_path / "exp")  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "exp/manifest.jsonl").read_text().splitlines()]
    assert {row["speaker"] for row in rows if row.get("video")} == {"ann", "ben", "cat", "dan"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_corpus_of_drives(copy, tmp_path):
    _add_corpus(copy, "drives_dummy", DRIVES_PREPARE, 'stages = "drives"\ntitle = "Dummy"\nnote = "Of nobody."\n')
    _run(copy, "bash", "egs/drives_dummy/run.sh", "--stages", "prepare", "--exp", tmp_path)
    assert len(list((tmp_path / "drives").glob("*.safetensors"))) == 2


def test_the_list_is_what_is_followed():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for place in ("`METRICS`", "`MODELS`", "`as_it_is`", "`is_causal`", "`TrainConfig`", "egs/toy/conf/", "`CONFIGS`",
                  "av/test_mixtures.jsonl", "`[own_data]`", "`prepare.py FOLDER`", "tests/unit/metrics/"):  # fmt: skip
        assert place in text


def test_the_layers_of_the_text_are_those_of_the_contract():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text.partition("`lint-imports` checks it.\n\n```\n")[2].partition("```")[0]
    # What a layer is for stands after two spaces or more.
    assert [re.split(r" {2,}", line)[0].strip() for line in block.splitlines()] == contract
