"""What `test_how_to_add.py` adds to a copy of the repository: file by file, as CONTRIBUTING.md asks for it."""

METRIC = """
from avse.metrics.score_or_reason import Score


def dummy(*, reference, estimate, sample_rate):
    return Score(float(abs(reference - estimate).max() * 0 + 42))
"""
METRIC_TEST = """
import numpy as np

from avse.metrics.table import METRICS


def test_dummy_in_closed_form():
    score = METRICS["dummy"].compute(reference=np.ones(8), estimate=np.zeros(8), sample_rate=16000)
    assert score.value == 42
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
    '''One gain for all (Nobody et al. 1999).

    Deviations: the gain does not depend on the input.
    '''

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
RECIPE_README = "# Dummy\n\nUnknown: the paper's gain. Deviations: none.\n"
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
RUN = '#!/usr/bin/env bash\nexec bash "$(dirname "$0")/../run.sh" CORPUS "$@"\n'


OWN_PREPARE = """
import sys

from avse.corpora.own import OwnCorpus
from avse.corpora.sources import Source, identities, videos_in


def find(folder):
    videos = videos_in(folder)
    names = identities(videos, folder=folder)
    return [Source(names[video], video, speaker=video.stem, audio=None) for video in videos]


if __name__ == "__main__":
    sys.exit(OwnCorpus(find).command(sys.argv[1:], usage=""))
"""
DRIVES_PREPARE = """
import sys
from pathlib import Path

from avse.drives.drive import save_drive
from avse.drives.simulate import DrivingConfig, simulate_drive

for driver in range(2):
    drive = simulate_drive(seed=1, driver=driver, config=DrivingConfig(n_stretches=2))
    save_drive(Path(sys.argv[1]) / f"{drive.id}.safetensors", drive)
"""
