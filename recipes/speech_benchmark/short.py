"""The benchmark's short form: how a model fares on long videos of the validation people, in seconds for each video.

    python -m recipes.speech_benchmark.short WEIGHTS --manifest exp/manifest.jsonl --crops exp/crops

prints it as JSON; training calls `short_benchmark`. The videos are those of the full list (`long_list`), split `valid`,
so they may choose a model; no speech, face or noise of the test is used.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from avse.data.manifest import data_root, read_manifest
from avse.enhance.enhancer import Enhancer
from avse.errors import AvseError
from avse.models.live import Live
from recipes.speech_benchmark.compare import below_audio_only, is_lowered, lowered
from recipes.speech_benchmark.long_list import SHORT_S, list_videos
from recipes.speech_benchmark.reader import RATE, LongReader
from recipes.speech_benchmark.score_segments import Row, mean_of, score_video
from recipes.speech_benchmark.videos import LongVideo

N_PEOPLE = 4
"""The last of the validation people: those that training has not seen come last in the manifest."""
KINDS = (("noise", "white"), ("talkers", "talker_1"), ("silence", "talker_1"))
"""Scenario and noise type of the videos of each person; the target is silent with one person only."""


class Pair(NamedTuple):
    """Scores of one video."""

    video: LongVideo
    audio_only: Row
    with_video: Row


def short_videos(videos: Sequence[LongVideo]) -> list[LongVideo]:
    """The videos of the short form: of each validation person one in white noise and one with another talker.

    Args:
        videos: the full list.
    """
    valid = [v for v in videos if v.split == "valid" and v.length_s == SHORT_S]
    people = list(dict.fromkeys(v.speaker for v in valid))[-N_PEOPLE:]
    chosen = []
    for person in people:
        for scenario, kind in KINDS[: 3 if person == people[0] else 2]:
            chosen += [v for v in valid if (v.speaker, v.scenario, v.noise_type) == (person, scenario, kind)][:1]
    return chosen


def short_benchmark(model: Live, *, manifest: Path, crops: Path) -> dict[str, float]:
    """Enhance and score the short form's videos, with and without video.

    Args:
        model: in whatever mode and on whatever device; its mode is restored. One video at a time is in memory.
        manifest: of all recordings.
        crops: folder of the crops stage.

    Returns:
        As `summary`.

    Raises:
        AvseError: the manifest holds no validation people, or a file of theirs cannot be read.
    """
    was_training, n_threads = model.training, torch.get_num_threads()
    model.eval()
    torch.set_num_threads(1)  # frame by frame, threads cost more than they bring
    try:
        return score_short(Enhancer(model), manifest=manifest, crops=crops)
    finally:
        model.train(was_training)
        torch.set_num_threads(n_threads)


def score_short(enhancer: Enhancer, *, manifest: Path, crops: Path) -> dict[str, float]:
    """As `short_benchmark`, of an enhancer with a causal model."""
    items = read_manifest(manifest)
    reader = LongReader(items, root=data_root(), crops=crops)
    return summary([score_pair(enhancer, video, reader) for video in short_videos(list_videos(items))])


def score_pair(enhancer: Enhancer, video: LongVideo, reader: LongReader) -> Pair:
    """Enhance and score one video, audio-only and with video."""
    mixture = reader.read(video)
    rows = [
        score_video(mixture, enhancer.enhance(mixture.noisy, sample_rate=RATE, mouth=mouth))
        for mouth in (None, mixture.own)
    ]
    return Pair(video, *rows)


def summary(pairs: Sequence[Pair]) -> dict[str, float]:
    """Means over the videos of each scenario, and the shares that should be 0.

    Args:
        pairs: of all videos.

    Returns:
        `<scenario>_<metric>` with video and `<scenario>_<metric>_audio_only`, of PESQ, ESTOI, SI-SDR in dB and level of
        the speech in dB; `silence_suppression_db` and its like; `lowered_share` of the 3-s segments in which the
        speech is more than 6 dB lower with video than audio-only, and `below_share` of the videos in which SI-SDR is
        more than 0.2 dB or PESQ more than 0.02 below audio-only. A metric that could not be computed is absent.
    """
    found: dict[str, float | None] = {}
    for scenario, _ in KINDS:
        chosen = [pair for pair in pairs if pair.video.scenario == scenario]
        names = ("suppression_db",) if scenario == "silence" else ("pesq_wb", "estoi", "si_sdr_db", "level_db")
        for name in names:
            found[f"{scenario}_{name}"] = mean_of([pair.with_video for pair in chosen], name)
            found[f"{scenario}_{name}_audio_only"] = mean_of([pair.audio_only for pair in chosen], name)
    segments = [s for pair in pairs for s in lowered(pair.with_video, pair.audio_only)]
    found["lowered_share"] = sum(map(is_lowered, segments)) / len(segments) if segments else None
    compared = [pair for pair in pairs if pair.video.scenario != "silence"]
    below = [below_audio_only(pair.with_video, pair.audio_only) for pair in compared]
    found["below_share"] = sum(below) / len(below) if below else None
    return {name: value for name, value in found.items() if value is not None}


def main(argv: list[str] | None = None) -> int:
    """Print the short form of a weights file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", help="name or weights file of a causal model")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True, help="folder of the crops stage")
    arguments = parser.parse_args(argv)
    try:
        enhancer = Enhancer.load(arguments.weights)
        found = score_short(enhancer, manifest=arguments.manifest, crops=arguments.crops)
    except AvseError as error:
        print(f"short: error: {error}", file=sys.stderr)
        return 1
    print(json.dumps({name: round(value, 4) for name, value in found.items()}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
