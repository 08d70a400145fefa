"""Enhance the fixed test mixtures: `python -m recipes.speech_benchmark.enhance --model M --mixtures LIST ...`.

A model is a name, a weights file, or one of the methods that need no training: logmmse, klt. Several models may be
given, each with its folder.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from avse.data.crops import load_mouth
from avse.data.manifest import Item, Mixture, data_root, read_manifest, read_mixtures
from avse.data.mixtures import MixtureReader
from avse.enhance.enhancer import Enhancer
from avse.errors import AvseError
from avse.faces.mouth import MouthTrack
from avse.media.audio import AudioWriter
from avse.signal.classical import METHODS
from avse.types import Waveform
from avse.workers import in_parallel
from recipes.speech_benchmark.conditions import KINDS, condition_of
from recipes.speech_benchmark.provenance import data_facts, keep_if_same, model_facts

CLASSICAL_RATE = 16000
"""Hz at which methods without training hear the mixtures."""

LEAST_MIXTURES = 100
"""For each process: to start one takes seconds, and below some dozens of mixtures one alone is done sooner."""

Work = Callable[[Mixture, Waveform], Waveform]


class Task(NamedTuple):
    """What a process does in one run."""

    model: str
    folder: Path
    mixtures: list[Mixture]


def enhance_some(task: Task, *, arguments: argparse.Namespace) -> int:
    """Enhance mixtures and write one 32-bit float wav each, so that nothing clips; done ones are skipped.

    Returns:
        How many were enhanced now.
    """
    todo = [(m, path) for m in task.mixtures if not (path := task.folder / f"{m.id}.wav").is_file()]
    if not todo:
        return 0
    torch.set_num_threads(1)
    items = read_manifest(arguments.manifest)
    rate, work = _classical(task.model) if task.model in METHODS else _learned(task.model, items, arguments)
    reader = MixtureReader(items, root=data_root(), sample_rate=rate)
    for mixture, path in todo:
        estimate = work(mixture, reader.read(mixture).noisy)
        with AudioWriter(path, sample_rate=rate, n_channels=1, subtype="FLOAT", force=True) as writer:
            writer.write(estimate[None])
    return len(todo)


def _classical(name: str) -> tuple[int, Work]:
    """The rate of a method without training, and what it does to a mixture."""
    method = METHODS[name]
    return CLASSICAL_RATE, lambda _, noisy: method(noisy, sample_rate=CLASSICAL_RATE)


def _learned(model: str, items: list[Item], arguments: argparse.Namespace) -> tuple[int, Work]:
    """The rate of a model, and what it does to a mixture."""
    enhancer = Enhancer.load(model, device=arguments.device)
    rate = enhancer.model.stft.sample_rate

    def load(clip: str) -> MouthTrack:
        return load_mouth(arguments.crops / f"{clip}.npz")

    def work(mixture: Mixture, noisy: Waveform) -> Waveform:
        mouth = condition_of(mixture, arguments.condition, load=load, items=items)
        return enhancer.enhance(noisy, sample_rate=rate, mouth=mouth)

    return rate, work


def main(argv: list[str] | None = None) -> int:
    """Enhance all mixtures that are not done yet, by the same model from the same data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, action="append", help="name, weights file, or logmmse or klt")
    parser.add_argument("--mixtures", type=Path, required=True, help="list of fixed mixtures")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True, help="folder of the crops stage")
    parser.add_argument(
        "--folder", type=Path, required=True, action="append", help="where the enhanced files go; once for each model"
    )
    parser.add_argument("--condition", choices=KINDS, default="own", help="what is shown (default own)")
    parser.add_argument("--only", help="mixtures of this noise type alone")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    arguments = parser.parse_args(argv)
    if len(arguments.folder) != len(arguments.model):
        parser.error(f"folders must be as many as models but are {len(arguments.folder)} for {len(arguments.model)}")
    try:
        every = read_mixtures(arguments.mixtures)
        mixtures = [m for m in every if arguments.only in (None, m.noise_type)]
        data = data_facts(every, read_manifest(arguments.manifest), root=data_root(), crops=arguments.crops)
        tasks = []
        for model, folder in zip(arguments.model, arguments.folder, strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            facts = {**data, "model": model_facts(model), "condition": arguments.condition, "device": arguments.device}
            keep_if_same(folder, facts=facts, outputs=folder.glob("*.wav"))
            # Chunks of neighbours share their clip and keep the readers' memory useful.
            tasks += [Task(model, folder, mixtures[start : start + 33]) for start in range(0, len(mixtures), 33)]
        n_all = len(mixtures) * len(arguments.model)
        n_jobs = min(arguments.workers, -(-n_all // LEAST_MIXTURES))
        counts = in_parallel(partial(enhance_some, arguments=arguments), tasks, n_jobs=n_jobs)
        done = sum(tqdm(counts, total=len(tasks), desc="enhance", unit="33 mixtures"))
    except AvseError as error:
        print(f"enhance: error: {error}", file=sys.stderr)
        return 1
    print(f"{done} mixtures enhanced, {n_all - done} were done before", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
