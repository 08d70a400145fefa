"""A corpus of tones in hiss, and settings of a small training on it."""

import numpy as np
from audio_files import write_audio

from avse.data.manifest import Item, write_manifest

RATE = 16000
SMALL = [
    "mix.durations_s=[1.0]", "mix.examples_per_epoch=8", "loop.batch_size=4", "loop.precision=32-true",
    "loop.n_workers=0",
]  # fmt: skip


def as_flags(settings):
    return [part for setting in settings for part in (f"--{setting.split('=')[0]}", setting.split("=")[1])]


def write_tones(root):
    """Voices are tones that come and go, four speakers in each split; one noise in each."""
    rng, rows = np.random.default_rng(1), []
    times_s = np.arange(2 * RATE) / RATE
    root.mkdir(exist_ok=True)
    for split in ("train", "valid"):
        for number in range(4):
            envelope = (np.sin(2 * np.pi * (2 + number) * times_s) > 0) * 0.1
            voice = envelope * np.sin(2 * np.pi * (200 + 150 * number) * times_s)
            name = f"{split}_{number}"
            write_audio(root / f"{name}.wav", voice.astype(np.float32), RATE)
            rows.append(Item(id=name, split=split, audio=f"{name}.wav", licence="CC0", speaker=name))
        hiss = 0.1 * rng.standard_normal(3 * RATE)
        write_audio(root / f"{split}_hiss.wav", hiss.astype(np.float32), RATE)
        rows.append(Item(id=f"{split}_hiss", split=split, audio=f"{split}_hiss.wav", licence="CC0", noise_type="hiss"))
    write_manifest(root / "manifest.jsonl", rows)
    return root
