"""Mixtures to see and hear: chosen by rule, with the audio of every system."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from avse.data.bank import read_mono
from avse.data.manifest import Mixture
from avse.data.mixtures import MixtureReader
from avse.errors import ConfigError
from avse.types import Waveform
from recipes.speech_benchmark.experiment.comparison import value_of
from recipes.speech_benchmark.experiment.config import BASELINE, ExperimentConfig, title_of
from recipes.speech_benchmark.experiment.experiment_scores import Scored
from recipes.speech_benchmark.experiment.score_tables import rank
from recipes.speech_benchmark.mixture_scores import SPLITS
from recipes.speech_benchmark.quiet_mixtures import VOICES

RATE = 16000
"""Hz of what is shown."""


class Item(NamedTuple):
    """A mixture as every system gives it."""

    mixture: Mixture
    recordings: dict[str, Waveform]
    """`(samples,)` by title: noisy, each system, clean; all at one gain, by which noisy and clean do not clip."""


def choose(config: ExperimentConfig, scored: Scored) -> tuple[list[Mixture], str]:
    """The mixtures to show, and in words how they were chosen.

    Raises:
        ConfigError: one that is named is not in the list.
    """
    by_id = {mixture.id: mixture for mixture in scored.results.mixtures}
    if unknown := [name for name in config.shown if name not in by_id]:
        raise ConfigError(f"shown must name mixtures of the list but {unknown[0]} is not among them; correct it")
    if config.shown:
        return [by_id[name] for name in config.shown], "Named in the experiment's file."
    metric = "si_sdr_db" if "si_sdr_db" in scored.metrics else scored.metrics[0]
    system = _judge(config, scored, metric)
    found = []
    for split in SPLITS:
        counted = scored.results.counted(split)
        for voice in (True, False):
            alike = [mixture for mixture in counted if mixture.noise_type.startswith(VOICES) == voice]
            if nearest := _nearest_median(alike, scored, system, metric):
                found.append(nearest)
    words = (
        f"Chosen by rule, not by ear: for each split, among mixtures with a voice and among the others, the one whose "
        f"gain by {title_of(config, system)} is nearest to the median."
    )
    return found, words


def read_items(
    mixtures: Sequence[Mixture], config: ExperimentConfig, *, exp: Path, reader: MixtureReader
) -> tuple[list[Item], list[str]]:
    """Read the recordings of some mixtures.

    Returns:
        The mixtures, and what is missing of them, in words.
    """
    items, absent = [], Counter[str]()
    for mixture in mixtures:
        clip = reader.read(mixture)
        recordings = {title_of(config, BASELINE): clip.noisy}
        for name, title in config.systems.items():
            path = exp / name / "enhanced" / f"{mixture.id}.wav"
            if path.is_file():
                recordings[title] = read_mono(path, sample_rate=reader.sample_rate)
            elif name != BASELINE:
                absent[f"{title} ({name})"] += 1
        recordings["clean"] = clip.clean
        gain = min(1.0, 0.99 / max(float(np.abs(clip.noisy).max()), float(np.abs(clip.clean).max()), 1e-9))
        items.append(Item(mixture, {title: np.float32(gain) * audio for title, audio in recordings.items()}))
    return items, [f"{name}: {n} of {len(items)} mixtures to hear are not enhanced" for name, n in absent.items()]


def _judge(config: ExperimentConfig, scored: Scored, metric: str) -> str:
    """The system that the choice goes by: the one that the first claim is of, else the best."""
    known = [claim.better for claim in config.claims if claim.better in scored.results.systems]
    best = rank(scored, metric, [*scored.results.systems], scored.results.mixtures)
    return [*known, *best][0]


def _nearest_median(mixtures: list[Mixture], scored: Scored, system: str, metric: str) -> Mixture | None:
    gains = {}
    for mixture in mixtures:
        after, before = (value_of(scored.results, name, metric, mixture) for name in (system, BASELINE))
        if after is not None:
            gains[mixture.id] = after - (before or 0.0)
    if not gains:
        return None
    middle = median(gains.values())
    return min((m for m in mixtures if m.id in gains), key=lambda m: (abs(gains[m.id] - middle), m.id))
