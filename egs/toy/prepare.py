"""Make up a small corpus of drawn talkers, and write the manifest that training reads.

    python egs/toy/prepare.py check
    python egs/toy/prepare.py manifest exp/manifest.jsonl

The corpus lies in the folder that AVSE_DATA names; `check` makes it if it is not there.
"""

import os
import sys
from pathlib import Path

import numpy as np

from avse.corpora.prepare import prepare_command
from avse.data.augment import coloured_noise
from avse.data.manifest import Item, Mixture, NoiseCut, write_manifest
from avse.media.audio import AudioWriter
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video, write_video
from avse.synthetic.voice import speak

RATE = 16000
CLIP_S = 1.6
CLIPS = {"train": 8, "valid": 2, "test_seen": 2, "test_unseen": 1}
"""Clips of talking faces in each split; the last person stands in test_unseen only."""
NOISES = {"hiss": 0.0, "rumble": 2.0}
"""Exponents of the noises' spectra."""
LICENCE = "CC0-1.0"


def check() -> str:
    """Draw and voice all clips, make the noises, and fix the test mixtures, as far as they are not there."""
    root = Path(os.environ["AVSE_DATA"])
    for number, item in enumerate(items()):
        path = root / item.audio
        if path.is_file():
            continue
        rng = np.random.default_rng(number)
        if item.video:
            person = PEOPLE[-1] if item.speaker == "drawn3" else PEOPLE[number % (len(PEOPLE) - 1)]
            voice = speak(rng, duration_s=CLIP_S)
            times_s = np.arange(round(CLIP_S * 25)) / 25
            images = render_video(person, voice.opening_at(times_s), rng, size=(160, 160))
            write_video(path, images, timestamps_s=times_s, waveform=voice.waveform, sample_rate=RATE)
            continue
        waveform = speak(rng, duration_s=CLIP_S).waveform
        if item.noise_type:
            waveform = 0.1 * coloured_noise(rng, n_samples=4 * RATE, exponent=NOISES[item.noise_type])
        with AudioWriter(path, sample_rate=RATE, n_channels=1) as writer:
            writer.write(waveform[None])
    write_manifest(root / "av/test_mixtures.jsonl", mixtures())
    return f"{len(items())} recordings, {len(mixtures())} test mixtures: synthetic"


def items() -> list[Item]:
    """All recordings of the corpus."""
    rows = []
    for split, n_clips in CLIPS.items():
        for number in range(n_clips):
            speaker = "drawn3" if split == "test_unseen" else f"drawn{1 + number % 2}"
            path = f"av/{split}{number}.mp4"
            rows.append(
                Item(id=f"{split}{number}", split=split, audio=path, video=path, speaker=speaker, licence=LICENCE)
            )
    for split in ("train", "valid", "test"):
        for noise_type in NOISES:
            path = f"noise/{split}_{noise_type}.wav"
            rows.append(Item(id=path[:-4], split=split, audio=path, noise_type=noise_type, licence=LICENCE))
        path = f"speech/{split}.wav"
        rows.append(Item(id=path[:-4], split=split, audio=path, speaker=f"voice_{split}", licence=LICENCE))
    return rows


def mixtures() -> list[Mixture]:
    """Each test clip in each noise, and against another voice, at two SNRs."""
    cuts = {name: NoiseCut(f"noise/test_{name}.wav", 0.5) for name in NOISES}
    cuts["talker_1"] = NoiseCut("speech/test.wav", 0.0)
    return [
        Mixture(f"{item.id}__{name}__{snr_db:+d}dB", item.id, item.split, name, (cut,), snr_db)
        for item in items()
        if item.video and item.split.startswith("test")
        for name, cut in cuts.items()
        for snr_db in (-5, 5)
    ]


if __name__ == "__main__":
    sys.exit(prepare_command(sys.argv[1:], usage=__doc__, check=check, items=items))
