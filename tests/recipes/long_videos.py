"""Lists, mouths, audio and weights for tests of long videos."""

from pathlib import Path

import numpy as np
import torch
from audio_files import write_audio

from avse.data.crops import save_mouth
from avse.data.manifest import Item, write_manifest
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.models import zoo
from avse.models.live import Live, LiveConfig
from recipes.speech_benchmark.reader import RATE
from recipes.speech_benchmark.videos import Interferer, LongVideo

SEGMENT = 3 * RATE
GRID_TARGETS = Path(__file__).parents[2] / "egs/grid/targets.yaml"


def mouth_of(crops, fps=25.0):
    n = len(crops)
    return MouthTrack(np.arange(n) / fps, crops, np.ones(n, dtype=bool), FaceReport(1, 1.0, "test"))


def moving_crops(rng, n):
    """Something that moves a little, as a mouth does."""
    look, movement = rng.integers(40, 216, (1, 32, 48, 3)), rng.integers(-40, 40, (n, 32, 48, 3))
    return (look + movement).astype(np.uint8)


def speech(n_samples, seed=0):
    """Noise whose level changes as that of syllables does."""
    rng = np.random.default_rng(seed)
    syllables = np.clip(np.sin(2 * np.pi * 3 * np.arange(n_samples) / RATE), 0.01, 1)
    return (0.1 * syllables * rng.standard_normal(n_samples)).astype(np.float32)


def video_of(name, scenario="noise", split="test_seen", length_s=20.0):
    return LongVideo(
        name, split, "s", scenario, "white", 5.0, length_s, ("clip",), (Interferer((), seed=1),), ("other",)
    )


def write_pack(folder):
    """Two clips with their crops and manifest, and weights."""
    items = []
    for number, name in enumerate(("clip", "other")):
        write_audio(folder / f"{name}.wav", speech(47648, seed=number), RATE, subtype="FLOAT")
        save_mouth(folder / f"crops/{name}.npz", mouth_of(moving_crops(np.random.default_rng(number), 75)))
        items.append(
            Item(id=name, split="test_seen", audio=f"{name}.wav", video=f"{name}.mp4", licence="none", speaker=name)
        )
    write_manifest(folder / "manifest.jsonl", items)
    write_weights(folder, seed=0)


def write_weights(folder, *, seed):
    """Of a live network that nobody trained."""
    torch.manual_seed(seed)
    config = LiveConfig(channels=8, band_state_dim=8, state_dim=16, video_dim=16, gate_dim=8)
    zoo.save(folder / "model.safetensors", Live.build(config))
