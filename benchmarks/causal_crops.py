"""What it costs that live crops know nothing of the future: `python -m benchmarks.causal_crops MANIFEST CROPS --write`.

The same videos are enhanced as a file, whose crops are smoothed with what comes later, and as a live stream, whose
crops are not. For the same crops both give the same samples (tested); this measures what the crops change.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from avse.data.bank import read_mono
from avse.data.manifest import Item, data_root, read_manifest
from avse.enhance.enhancer import Enhancer
from avse.enhance.watch import MAX_HEIGHT
from avse.faces.choice import Choice
from avse.faces.detectors import load_detector
from avse.faces.mouth import mouth_of
from avse.faces.people import find_people
from avse.faces.speaker import choose
from avse.live.stream import StreamingEnhancer
from avse.media.video import VideoFrame, VideoReader
from avse.models.pretrained import DEFAULT_MODEL
from avse.signal.si_sdr import si_sdr_db
from avse.types import Waveform
from benchmarks.torture.record import table, write_section
from recipes.speech_benchmark.long_list import SHORT_S, list_videos
from recipes.speech_benchmark.reader import RATE, LongMixture, LongReader
from recipes.speech_benchmark.videos import LongVideo

PUSH = 512
"""Samples of a live push: 32 ms."""
SCENARIOS = ("noise", "talkers")


class Row(NamedTuple):
    """One video."""

    scenario: str
    file_db: float
    """SI-SDR enhanced as a file, dB."""
    live_db: float
    """SI-SDR enhanced live, dB."""
    difference_db: float
    """Power of the difference of both outputs over that of the file's, dB."""


def frames_of(video: LongVideo, items: dict[str, Item]) -> Iterator[VideoFrame]:
    """The video frames of the clips, one after the other, timed from the first sample of the joined audio."""
    start_s = 0.0
    for clip in video.clips:
        item = items[clip]
        with VideoReader(data_root() / str(item.video), max_height=MAX_HEIGHT) as reader:
            yield from (VideoFrame(start_s + frame.time_s, frame.image) for frame in reader.frames())
        start_s += len(read_mono(data_root() / item.audio, sample_rate=RATE)) / RATE


def as_file(enhancer: Enhancer, mixture: LongMixture, frames: list[VideoFrame]) -> Waveform:
    """Enhanced with crops that know the whole video."""
    people = find_people(iter(frames), crop_size=enhancer.model.crop_size, detector=load_detector())
    mouth = mouth_of(people, choose(people, Choice("largest")), crop_size=enhancer.model.crop_size)
    return enhancer.enhance(mixture.noisy, sample_rate=RATE, mouth=mouth)


def live(enhancer: Enhancer, mixture: LongMixture, frames: list[VideoFrame]) -> Waveform:
    """Enhanced in pushes of 32 ms, each with the video frames taken by then."""
    stream, waiting, parts = StreamingEnhancer(enhancer, sample_rate=RATE), list(frames), []
    for start in range(0, len(mixture.noisy), PUSH):
        block = mixture.noisy[start : start + PUSH]
        now_s, taken = (start + len(block)) / RATE, []
        while waiting and waiting[0].time_s <= now_s:
            taken.append(waiting.pop(0))
        parts.append(stream.push(block, taken))
    return np.concatenate([*parts, stream.flush()])


def row_of(enhancer: Enhancer, video: LongVideo, mixture: LongMixture, items: dict[str, Item]) -> Row:
    """Enhance one video both ways."""
    frames = list(frames_of(video, items))
    whole, pushed = as_file(enhancer, mixture, frames), live(enhancer, mixture, frames)
    scores = [float(si_sdr_db(torch.from_numpy(one), torch.from_numpy(mixture.clean))) for one in (whole, pushed)]
    power = [float(np.square(one).mean()) for one in (whole - pushed, whole)]
    return Row(video.scenario, *scores, 10 * np.log10(max(power[0], 1e-20) / power[1]))


def main() -> None:
    """Print the table, or write it into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("crops", type=Path, help="folder of the crops stage")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--splits", default="test_seen,test_unseen", help="whose faces (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the section of benchmarks/RESULTS.md")
    options = parser.parse_args()
    started, enhancer = time.monotonic(), Enhancer.load(options.model)
    listed = read_manifest(options.manifest)
    items, reader = {item.id: item for item in listed}, LongReader(listed, root=data_root(), crops=options.crops)
    videos = [
        video
        for video in list_videos(listed)
        if video.split in options.splits.split(",") and video.length_s == SHORT_S and video.scenario in SCENARIOS
    ]
    rows = []
    for n, video in enumerate(videos, start=1):
        rows.append(row_of(enhancer, video, reader.read(video), items))
        print(f"{n} of {len(videos)}", end="\r", file=sys.stderr, flush=True)
    lines = [["videos of 20 s", "n", "as a file, SI-SDR dB", "live", "least live - file", "difference, dB"]]
    for scenario in SCENARIOS:
        some = [row for row in rows if row.scenario == scenario]
        means = [float(np.mean([getattr(row, name) for row in some])) for name in ("file_db", "live_db")]
        least = min(row.live_db - row.file_db for row in some)
        loudest = max(row.difference_db for row in some)
        lines.append([scenario, str(len(some)), *(f"{mean:.2f}" for mean in means), f"{least:+.2f}", f"{loudest:.0f}"])
    body = (
        f"Model {options.model}, people of {options.splits}. Last column: the power of the difference of both outputs "
        f"over that of the file's, the largest of all videos.\n\n{table(lines)}"
    )
    if options.write:
        command = f"python -m benchmarks.causal_crops {' '.join(sys.argv[1:])}"
        write_section("Live crops against a file's", body, command=command, wall_s=time.monotonic() - started)
    else:
        print(body)


if __name__ == "__main__":
    main()
