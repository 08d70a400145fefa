"""What steering gains with the cue of the clean voice: `python -m recipes.steered.clean_cue WEIGHTS ...`.

Beside the gain by lips it tells which part holds the other back: better lips could not gain more than this. Long
videos of the validation in which others talk; the steered output is used all the time, without the guard.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avse.data.manifest import data_root, read_manifest
from avse.models.guard import SteeringGuard
from avse.models.lip_steered import TorchSteering
from avse.models.steered import Steered
from avse.signal.clock import video_frame_indices
from avse.signal.speech_cue import CUE_RATE_HZ, speech_cue
from avse.signal.stft import stft
from avse.types import Waveform
from recipes.speech_benchmark.long_list import SHORT_S, list_videos
from recipes.speech_benchmark.reader import RATE, LongReader
from recipes.steered.guard import ALWAYS, Trial, by_lips, gain_db, print_table


def by_clean_cue(model: Steered, noisy: Waveform, clean: Waveform) -> dict[str, Any]:
    """What the guard would be given for a recording if the lips gave the cue that its clean voice has.

    Args:
        model: in evaluation mode.
        noisy: `(samples,)` at 16 kHz.
        clean: `(samples,)` of the target.
    """
    config = model.config.core.stft
    spectrum = stft(torch.from_numpy(noisy), config).numpy()
    cue = speech_cue(clean, sample_rate=RATE)
    shown = video_frame_indices(spectrum.shape[1], stft=config, rate_hz=CUE_RATE_HZ).clip(0, len(cue) - 1)
    present = np.ones(len(shown), dtype=bool)
    audio_only, steered, _ = TorchSteering(model).enhance(spectrum, cue[shown], present, None)
    evidence = np.zeros(len(shown), dtype=np.float32)
    return {
        "audio_only": audio_only, "steered": steered, "evidence": evidence, "cue": cue[shown], "present": present
    }  # fmt: skip


def gains(model: Steered, manifest: Path, crops: Path) -> dict[str, list[float]]:
    """SI-SDR above audio-only, dB, of each video, by lips and by the clean cue."""
    items = read_manifest(manifest)
    reader, always = LongReader(items, root=data_root(), crops=crops), SteeringGuard(ALWAYS)
    found: dict[str, list[float]] = {"lips": [], "cue of the clean voice": []}
    for video in list_videos(items):
        if video.split != "valid" or video.length_s != SHORT_S or video.scenario != "talkers":
            continue
        mixture = reader.read(video)
        both = by_lips(model, mixture.noisy, mixture.own), by_clean_cue(model, mixture.noisy, mixture.clean)
        for name, given in zip(found, both, strict=True):
            found[name].append(gain_db(Trial(name, mixture.clean, given), always)[0])
    return found


def table(found: dict[str, list[float]]) -> list[list[str]]:
    """A row for each kind of cue."""
    rows = [["steered by", "videos", "SI-SDR above audio-only, dB", "least"]]
    for name, values in found.items():
        rows.append([name, str(len(values)), f"{np.mean(values):+.2f}", f"{min(values):+.2f}"])
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return print_table(argv, doc=__doc__, name="clean_cue", rows=lambda *given: table(gains(*given)))


if __name__ == "__main__":
    sys.exit(main())
