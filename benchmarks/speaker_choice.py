"""How often `--speaker auto` is right: `python benchmarks/speaker_choice.py --manifest M --crops FOLDER`.

Pairs of GRID's validation clips stand side by side; the sound is one's, in noise. The hardest case there is: both speak
sentences of one grammar, at the same time, for three seconds.
"""

import argparse
from pathlib import Path

import numpy as np

from avse.data.bank import read_mono
from avse.data.crops import load_mouth
from avse.data.manifest import data_root, read_manifest
from avse.data.mix import build_mixture
from avse.faces.speaker import Candidate, SoundLevel, choose
from avse.signal.level import LevelMeter

RATE = 16000


def sound_level(waveform: np.ndarray) -> SoundLevel:
    """Loudness of `(samples,)` over time."""
    meter = LevelMeter(sample_rate=RATE)
    meter.push(waveform[None])
    return SoundLevel(meter.level_db(), meter.rate_hz)


def main() -> None:
    """Print one line for each ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, default=Path("egs/grid/exp/manifest.jsonl"))
    parser.add_argument("--crops", type=Path, default=Path("egs/grid/exp/crops"))
    parser.add_argument("--n-pairs", type=int, default=200)
    options = parser.parse_args()
    items = [item for item in read_manifest(options.manifest) if item.split == "valid"]
    clips = [item for item in items if item.video]
    voices = [read_mono(data_root() / item.audio, sample_rate=RATE) for item in clips]
    mouths = [load_mouth(options.crops / f"{item.id}.npz") for item in clips]
    noises = [read_mono(data_root() / item.audio, sample_rate=RATE) for item in items if not item.is_speech]
    print(f"{'SNR dB':>7} {'right':>6} of")
    for snr_db in (20, 10, 5, 0):
        rng = np.random.default_rng(0)
        n_right = 0
        for _ in range(options.n_pairs):
            speaker, other = rng.choice(len(clips), size=2, replace=False)
            noise = noises[rng.integers(len(noises))]
            mixed = build_mixture(voices[speaker], [(noise, 0.0)], snr_db=snr_db, sample_rate=RATE)
            faces = [
                Candidate(mouths[which].crops, mouths[which].present, np.array([x, 0.0, 100.0]))
                for x, which in ((0.0, speaker), (200.0, other))
            ]
            times_s = mouths[speaker].timestamps_s
            chosen, _ = choose(faces, speaker="auto", timestamps_s=times_s, sound_level=sound_level(mixed))
            n_right += chosen is faces[0]
        print(f"{snr_db:7} {n_right:6} {options.n_pairs}", flush=True)


if __name__ == "__main__":
    main()
