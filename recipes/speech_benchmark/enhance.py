"""Enhance the fixed test mixtures: `python -m recipes.speech_benchmark.enhance --model M --mixtures LIST ...`.

A model is a name, a weights file, or one of the methods that need no training: logmmse, klt. Several models may be
given, each with its folder. A run enhances what is not there yet, with `--shard i/n` its share of that. All places but
the models' may be URLs, `AVSE_DATA` among them.
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
from avse.data.manifest import Item, Mixture, data_place, read_manifest, read_mixtures
from avse.data.mixtures import MixtureReader
from avse.errors import AvseError
from avse.faces.mouth import MouthTrack
from avse.jobs.places import Place, files_in, path_or_url, written
from avse.media.audio import AudioWriter
from avse.signal.classical import METHODS
from avse.types import Waveform
from recipes.executor import Command, add_options, own_share, parse, print_error, run_each
from recipes.speech_benchmark.conditions import KINDS, condition_of
from recipes.speech_benchmark.loaded import Model, load_enhancer
from recipes.speech_benchmark.provenance import data_facts, keep_if_same

CLASSICAL_RATE = 16000
"""Hz at which methods without training hear the mixtures."""

LEAST_MIXTURES = 100
"""For each process: to start one takes seconds, and below some dozens of mixtures one alone is done sooner."""

CHUNK = 33
"""Mixtures of a task: neighbours share their clip and keep the readers' memory useful."""

Work = Callable[[Mixture, Waveform], Waveform]


class Task(NamedTuple):
    """What a process does in one run."""

    model: Model
    folder: Place
    mixtures: list[Mixture]


class Done(NamedTuple):
    """What became of a task."""

    n_enhanced: int
    """Now."""
    n_before: int
    """By an earlier run."""
    errors: list[str]


def enhance_some(task: Task, *, arguments: argparse.Namespace) -> Done:
    """Enhance mixtures and write one 32-bit float wav each, so that nothing clips; done ones are skipped."""
    todo = [(m, place) for m in task.mixtures if not (place := task.folder / f"{m.id}.wav").is_file()]
    if not todo:
        return Done(0, len(task.mixtures), [])
    torch.set_num_threads(1)
    items = read_manifest(arguments.manifest)
    rate, work = _classical(task.model.name) if task.model.name in METHODS else _learned(task.model, items, arguments)
    reader = MixtureReader(items, root=data_place(), sample_rate=rate)
    errors = []
    for mixture, place in todo:
        try:
            estimate = work(mixture, reader.read(mixture).noisy)
            _write(place, estimate, sample_rate=rate)
        except AvseError as error:
            errors.append(f"{mixture.id}: {error}")
    return Done(len(todo) - len(errors), len(task.mixtures) - len(todo), errors)


def _write(place: Place, estimate: Waveform, *, sample_rate: int) -> None:
    with (
        written(place, force=True) as temporary,
        AudioWriter(temporary, sample_rate=sample_rate, n_channels=1, subtype="FLOAT", force=True) as writer,
    ):
        writer.write(estimate[None])


def _classical(name: str) -> tuple[int, Work]:
    """The rate of a method without training, and what it does to a mixture."""
    method = METHODS[name]
    return CLASSICAL_RATE, lambda _, noisy: method(noisy, sample_rate=CLASSICAL_RATE)


def _learned(model: Model, items: list[Item], arguments: argparse.Namespace) -> tuple[int, Work]:
    """The rate of a model, and what it does to a mixture."""
    enhancer = load_enhancer(model)
    rate = enhancer.model.stft.sample_rate

    def load(clip: str) -> MouthTrack:
        return load_mouth(arguments.crops / f"{clip}.npz")

    def work(mixture: Mixture, noisy: Waveform) -> Waveform:
        mouth = condition_of(mixture, arguments.condition, load=load, items=items)
        return enhancer.enhance(noisy, sample_rate=rate, mouth=mouth)

    return rate, work


def _tasks(arguments: argparse.Namespace) -> list[Task]:
    """Chunks of all mixtures for each model; outputs of other weights or data are removed.

    Raises:
        AvseError: a list cannot be read, or a folder cannot be written.
    """
    every = read_mixtures(arguments.mixtures)
    mixtures = [m for m in every if arguments.only in (None, m.noise_type)]
    data = data_facts(every, read_manifest(arguments.manifest), root=data_place(), crops=arguments.crops)
    tasks = []
    for name, folder in zip(arguments.model, arguments.folder, strict=True):
        model = Model.of(name, arguments.device)
        if isinstance(folder, Path):
            folder.mkdir(parents=True, exist_ok=True)
        facts = {**data, "model": model.facts, "condition": arguments.condition, "device": arguments.device}
        keep_if_same(folder, facts=facts, outputs=files_in(folder, (".wav",)) if folder.is_dir() else [])
        starts = range(0, len(mixtures), CHUNK)
        tasks += [Task(model, folder, mixtures[start : start + CHUNK]) for start in starts]
    return tasks


def enhance_all(arguments: argparse.Namespace) -> Done:
    """Enhance this run's share.

    Raises:
        AvseError: as of `_tasks`; no worker can be made, or the journal is of another run.
    """
    tasks = own_share(_tasks(arguments), arguments)
    n_all = sum(len(task.mixtures) for task in tasks)
    arguments.workers = min(arguments.workers, max(1, -(-n_all // LEAST_MIXTURES)))
    command = Command("enhance", arguments.folder[0], {"models": arguments.model, "condition": arguments.condition})
    work = partial(enhance_some, arguments=arguments)
    done = run_each(work, tasks, arguments, command=command, name_of=_name, lost=_lost)
    found = list(tqdm(done, total=len(tasks), desc="enhance", unit=f"{CHUNK} mixtures"))
    return Done(
        sum(row.n_enhanced for row in found),
        sum(row.n_before for row in found),
        [error for row in found for error in row.errors],
    )


def _name(task: Task) -> str:
    return f"{task.folder}/{task.mixtures[0].id}"


def _lost(task: Task, error: AvseError) -> Done:
    return Done(0, 0, [f"{task.mixtures[0].id} to {task.mixtures[-1].id} were not enhanced: {error}"])


def main(argv: list[str] | None = None) -> int:
    """Enhance all mixtures that are not done yet, by the same model from the same data; exit 1 if some failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", required=True, action="append", help="name, weights file, or logmmse or klt")
    add("--mixtures", type=path_or_url, required=True, help="list of fixed mixtures")
    add("--manifest", type=path_or_url, required=True)
    add("--crops", type=path_or_url, required=True, help="folder of the crops stage")
    add("--folder", type=path_or_url, required=True, action="append",
        help="where the enhanced files go; once for each model")  # fmt: skip
    add("--condition", choices=KINDS, default="own", help="what is shown (default own)")
    add("--only", help="mixtures of this noise type alone")
    add("--device", default="cpu")
    add_options(parser)
    arguments = parse(parser, argv, stage="enhance")
    if len(arguments.folder) != len(arguments.model):
        parser.error(f"folders must be as many as models but are {len(arguments.folder)} for {len(arguments.model)}")
    try:
        done = enhance_all(arguments)
    except AvseError as error:
        print_error("enhance", error)
        return 1
    for words in done.errors:
        print_error("enhance", words)
    print(f"{done.n_enhanced} mixtures enhanced, {done.n_before} were done before", file=sys.stderr)
    return 1 if done.errors else 0


if __name__ == "__main__":
    sys.exit(main())
