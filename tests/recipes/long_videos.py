"""Lists, mouths and audio for tests of long videos."""

from pathlib import Path

import numpy as np

from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from recipes.speech_benchmark.reader import RATE
from recipes.speech_benchmark.videos import LongVideo, Source

SEGMENT = 3 * RATE
GRID_TARGETS = Path(__file__).parents[2] / "egs/grid/targets.yaml"


def mouth_of(crops, fps=25.0):
    n = len(crops)
    return MouthTrack(np.arange(n) / fps, crops, np.ones(n, dtype=bool), FaceReport(1, 1.0, "test"))


def speech(n_samples, seed=0):
    """Noise whose level changes as that of syllables does."""
    rng = np.random.default_rng(seed)
    syllables = np.clip(np.sin(2 * np.pi * 3 * np.arange(n_samples) / RATE), 0.01, 1)
    return (0.1 * syllables * rng.standard_normal(n_samples)).astype(np.float32)


def video_of(name, scenario="noise", split="test_seen", length_s=20.0):
    return LongVideo(name, split, "s", scenario, "white", 5.0, length_s, ("clip",), (Source((), seed=1),), ("other",))
