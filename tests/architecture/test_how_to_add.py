"""What CONTRIBUTING.md says under "How to add" is enough: a test follows it to the letter, in a copy."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from audio_files import write_audio

ROOT = Path(__file__).parents[2]

METRIC = """
from avse.metrics.score_or_reason import Score


def dummy(*, reference, estimate, sample_rate):
    return Score(float(abs(reference - estimate).max() * 0 + 42))
"""

MODEL = """
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from avse.signal.stft_config import StftConfig


@dataclass(frozen=True)
class DummyConfig:
    gain: float = 0.5


class Dummy(nn.Module):
    name: ClassVar[str] = "dummy"
    crop_size: ClassVar[tuple[int, int]] = (32, 48)
    stft = StftConfig(window=512, hop=256, sample_rate=16000)
    context_frames = 0

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.gain = nn.Parameter(torch.tensor(config.gain))

    @classmethod
    def build(cls, config):
        return cls(config)

    @staticmethod
    def config_of(**header):
        return DummyConfig(**header)

    def estimate_spectrum(self, noisy, crops, present):
        return noisy * self.gain.detach().numpy()
"""
MODEL_PROGRAM = """
import sys
from pathlib import Path

import numpy as np

from avse import Enhancer
from avse.enhance.stream import Mixing
from avse.models import zoo
from avse.models.dummy import Dummy, DummyConfig

path = Path(sys.argv[1])
zoo.save(path, Dummy.build(DummyConfig(gain=0.25)))
noisy = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
enhanced = Enhancer.load(str(path)).enhance(noisy, sample_rate=16000, mixing=Mixing(keep_level=False))
np.testing.assert_allclose(enhanced, 0.25 * noisy, atol=1e-4)
"""

CONFIG = """
from dataclasses import dataclass, field
from pathlib import Path

from avse.training.loop_config import LoopConfig


@dataclass(frozen=True)
class TrainConfig:
    folder: Path
    manifest: Path
    crops: Path
    loop: LoopConfig = field(default_factory=LoopConfig)
"""
DATA = """
import torch
from torch.utils.data import Dataset


class Targets(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, key):
        return torch.tensor(0.75)
"""
TRAIN = """
import sys

import torch

from avse.models.dummy import Dummy, DummyConfig
from recipes.dummy.config import TrainConfig
from recipes.dummy.data import Targets
from recipes.training import program, train


def main(config):
    train(
        lambda: Dummy.build(DummyConfig()),
        config=config,
        dataset=Targets(),
        collate=torch.stack,
        loss_step=lambda model, batch: (model.gain - batch).square().mean(),
        validate=lambda model: {"loss": abs(float(model.gain) - 0.75)},
    )


if __name__ == "__main__":
    sys.exit(program(main, TrainConfig))
"""
TOY_CONFIG = "loop:\n  n_epochs: 40\n  batch_size: 4\n  precision: 32-true\n  learning_rate: 0.05\n  warmup_steps: 2\n"

PREPARE = """
import os
import sys
from pathlib import Path

from avse.data.manifest import Item, Mixture, NoiseCut, write_manifest
from avse.corpora.prepare import prepare_command


def check():
    write_manifest(Path(os.environ["AVSE_DATA"]) / "av/test_mixtures.jsonl",
                   [Mixture("m", "clip", "test", "hiss", (NoiseCut("hiss.wav", 0.0),), 0.0)])
    return "all there"


def items():
    return [Item(id="clip", split="test", audio="clip.wav", speaker="ann", licence="CC0-1.0"),
            Item(id="hiss", split="test", audio="hiss.wav", noise_type="hiss", licence="CC0-1.0")]


if __name__ == "__main__":
    sys.exit(prepare_command(sys.argv[1:], usage="", check=check, items=items))
"""
CORPUS = 'stages = "speech"\ntitle = "Results on a dummy"\n'
RUN = '#!/usr/bin/env bash\nexec bash "$(dirname "$0")/../run.sh" dummy "$@"\n'


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository to add to, without what was made in it."""
    root = tmp_path_factory.mktemp("copy")
    unwanted = shutil.ignore_patterns("__pycache__", "exp", "video_frames")
    for folder in ("avse", "recipes", "egs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=unwanted)
    return root


@pytest.fixture(scope="module")
def with_model(copy):
    """The copy with a model."""
    (copy / "avse/models/dummy.py").write_text(MODEL, encoding="utf-8")
    registry = copy / "avse/models/registry.py"
    _add(registry, "from avse.models.enhancing import", "from avse.models.dummy import Dummy\n", before=True)
    _add(registry, "MODELS = {\n", '    "dummy": Entry(Dummy, enhancer=as_it_is),\n')
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


def test_a_model(with_model, tmp_path):
    _run(with_model, sys.executable, "-c", MODEL_PROGRAM, tmp_path / "dummy.safetensors")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_recipe(with_model, tmp_path):
    folder = with_model / "recipes/dummy"
    folder.mkdir()
    for name, text in (("__init__", ""), ("config", CONFIG), ("data", DATA), ("train", TRAIN)):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (with_model / "egs/toy/conf/dummy.yaml").write_text(TOY_CONFIG, encoding="utf-8")
    _run(with_model, "bash", "egs/toy/run.sh", "--model", "dummy", "--stages", "train", "--exp", tmp_path)
    from safetensors.numpy import load_file

    weights = load_file(tmp_path / "dummy/model.safetensors")
    assert weights["gain"] == pytest.approx(0.75, abs=0.05)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_corpus(copy, tmp_path):
    folder = copy / "egs/dummy"
    folder.mkdir()
    (folder / "prepare.py").write_text(PREPARE, encoding="utf-8")
    (folder / "corpus.toml").write_text(CORPUS, encoding="utf-8")
    (folder / "run.sh").write_text(RUN, encoding="utf-8")
    (tmp_path / "data/av").mkdir(parents=True)
    printed = _run(copy, "bash", "egs/dummy/run.sh", "--stages", "check,prepare", "--exp", tmp_path / "exp",
                   AVSE_DATA=str(tmp_path / "data"))  # fmt: skip
    assert "all there" in printed
    rows = [json.loads(line) for line in (tmp_path / "exp/manifest.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["clip", "hiss"]


def test_the_list_is_what_is_followed():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for place in ("`METRICS`", "`MODELS`", "`as_it_is`", "`TrainConfig`", "egs/toy/conf/", "`CONFIGS`",
                  "av/test_mixtures.jsonl"):  # fmt: skip
        assert place in text
