"""What a face costs in each type of noise: `python -m recipes.steered.noise_harm WEIGHTS ...`.

Everybody whom the validation shows, in every type of its noise, with the guard of the default: a mean over few videos
hides the one noise that sounds like speech. No speech, face or noise of the test is used.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from avse.data.bank import read_mono
from avse.data.manifest import Item, data_root, read_manifest
from avse.data.mix import cut_looped, mix
from avse.models.guard import SteeringGuard
from avse.models.steered import Steered
from recipes.speech_benchmark.conditions import late
from recipes.speech_benchmark.long_list import SHORT_S, list_videos
from recipes.speech_benchmark.reader import RATE, LongReader
from recipes.steered.guard import Trial, by_lips, gain_db, print_table

MOUTHS = ("own", "late", "stranger")
SNR_DB = (-5.0, 5.0)
"""The SNR is drawn evenly between the two."""


def gains_by_type(model: Steered, manifest: Path, crops: Path) -> dict[str, list[list[float]]]:
    """SI-SDR above audio-only in dB: for each type of noise and person those of `MOUTHS`."""
    items, rng = read_manifest(manifest), np.random.default_rng(1)
    reader = LongReader(items, root=data_root(), crops=crops)
    recordings: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.split == "valid" and item.noise_type:
            recordings[item.noise_type].append(item)
    videos = {
        video.speaker: video
        for video in list_videos(items)
        if video.split == "valid" and video.length_s == SHORT_S and video.scenario == "noise"
    }
    gains: dict[str, list[list[float]]] = defaultdict(list)
    for video in videos.values():
        mixture = reader.read(video)
        mouths = (mixture.own, late(mixture.own), mixture.stranger)
        for name in sorted(recordings):
            alike = recordings[name]
            noise = read_mono(data_root() / alike[rng.integers(len(alike))].audio, sample_rate=RATE)
            noise = cut_looped(noise, offset=0, n_samples=len(mixture.clean))
            noisy = mix(mixture.clean, noise, snr_db=float(rng.uniform(*SNR_DB)))
            trials = [Trial(name, mixture.clean, by_lips(model, noisy, mouth)) for mouth in mouths]
            gains[name].append([gain_db(trial, SteeringGuard())[0] for trial in trials])
    return gains


def table(gains: dict[str, list[list[float]]]) -> list[list[str]]:
    """Rows of noise types and one of all; for each mouth mean and least gain."""
    rows = [["noise", "n", *MOUTHS]]
    for name, found in [*gains.items(), ("all", list(chain(*gains.values())))]:
        cells = [f"{np.mean(column):+.2f} ({min(column):+.2f})" for column in zip(*found, strict=True)]
        rows.append([name, str(len(found)), *cells])
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return print_table(argv, doc=__doc__, name="noise_harm", rows=lambda *given: table(gains_by_type(*given)))


if __name__ == "__main__":
    sys.exit(main())
