"""Figures of predicted lip frames and of where networks look, for the systems that see."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.data.crops import load_mouth
from avse.data.manifest import Mixture
from avse.data.mixtures import MixtureReader
from avse.errors import ConfigError
from avse.media.arrays import read_arrays
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from avse.report.document import FigureFile, Part
from recipes.progress import bar
from recipes.speech_benchmark.experiment.config import ExperimentConfig
from recipes.speech_benchmark.experiment.lips import (
    LipFrames,
    Looks,
    MixtureInput,
    draw_lip_frames,
    draw_looks,
    lip_frames,
    looks,
    mixture_input,
)
from recipes.speech_benchmark.experiment.score_figures import save
from recipes.speech_benchmark.mixture_scores import SPLITS, Results
from recipes.speech_benchmark.provenance import model_facts
from recipes.speech_benchmark.quiet_mixtures import VOICES

N_CLIPS = 3
"""Of each split, in which it is looked where networks look."""


class Seen(NamedTuple):
    """Where mixtures and mouths come from."""

    reader: MixtureReader
    crops: Path

    def has(self, mixture: Mixture) -> bool:
        """True if the clip's mouth is there."""
        return (self.crops / f"{mixture.clip}.npz").is_file()

    def mixture_input(self, mixture: Mixture, model: AVDCNN) -> MixtureInput:
        """A mixture as a network reads it."""
        return mixture_input(
            self.reader.read(mixture).noisy, load_mouth(self.crops / f"{mixture.clip}.npz"), model=model
        )


def mouth_figures(
    config: ExperimentConfig, results: Results, shown: Sequence[Mixture], *, exp: Path, seen: Seen, folder: Path
) -> tuple[list[Part], list[str]]:
    """Draw the lip frames of the shown mixtures, and where networks look.

    Returns:
        The figures, and what is missing, in words.
    """
    models, missing = _seeing_models(config, exp, rate=seen.reader.sample_rate)
    parts: list[Part] = []
    for number, mixture in enumerate(filter(seen.has, shown), start=1):
        videos: dict[str, LipFrames] = {}
        for name, model in models.items():
            if video := lip_frames(model, seen.mixture_input(mixture, model)):
                videos[config.systems[name]] = video
        if videos:
            path = folder / f"lips_{number}.png"
            save(draw_lip_frames(videos), path)
            parts.append(
                FigureFile(path, f"Lip frames of {mixture.id}, predicted below true; r: correlation of pixels")
            )
    watched = [mixture for mixture in _watched(results) if seen.has(mixture)]
    if not watched:
        return parts, [*missing, *(["no crops of the tests' clips"] if models else [])]
    found = {name: _looks(exp / name, model, watched, seen) for name, model in bar(models.items(), "where they look")}
    found = {config.systems[name]: one for name, one in found.items() if one.whole_db > 1e-3}
    if found:
        path = folder / "looks.png"
        save(draw_looks(found), path)
        parts += [
            f"Where networks look, in {len(watched)} mixtures, by occlusion: a patch of the mouth stands still, and by "
            "so many dB (root mean square over time and frequency) the enhanced spectrum changes. The colours lie over "
            "the mean mouth.",
            FigureFile(path, "Where networks look"),
        ]
    return parts, missing


def _seeing_models(config: ExperimentConfig, exp: Path, *, rate: int) -> tuple[dict[str, AVDCNN], list[str]]:
    """Trained networks of the main tables that are given figures."""
    models, missing = {}, []
    for name in config.systems:
        path = exp / name / "model.safetensors"
        if not path.is_file():
            continue
        try:
            model = zoo.load(str(path))
        except ConfigError as error:
            missing.append(str(error))  # Weights of another day are no reason to have no tables.
            continue
        if isinstance(model, AVDCNN) and model.config.streams != "audio" and model.stft.sample_rate == rate:
            models[name] = model
    return models, missing


def _watched(results: Results) -> Iterator[Mixture]:
    """A few clips of each split, evenly from all, where it is worst; with a voice if there is one."""
    for split in SPLITS:
        counted = results.counted(split)
        worst = [mixture for mixture in counted if mixture.snr_db == min(m.snr_db for m in counted)]
        voices = [mixture for mixture in worst if mixture.noise_type.startswith(VOICES)]
        by_clip = {mixture.clip: mixture for mixture in voices or worst}
        yield from [*by_clip.values()][:: max(1, len(by_clip) // N_CLIPS)][:N_CLIPS]


def _looks(run: Path, model: AVDCNN, mixtures: Sequence[Mixture], seen: Seen) -> Looks:
    """Where a network looks; what was found for the same weights and mixtures is kept beside them."""
    path = run / "looks.npz"
    made_from = json.dumps([model_facts(str(run / "model.safetensors")), [mixture.id for mixture in mixtures]])
    if path.is_file():
        kept = read_arrays(path)
        if str(kept.get("made_from")) == made_from:
            return Looks(kept["level_db"], float(kept["whole_db"]), kept["mouth"])
    found = looks(model, [seen.mixture_input(mixture, model) for mixture in mixtures])
    with atomic_write(path, force=True) as temporary, temporary.open("wb") as file:
        np.savez(file, made_from=made_from, **found._asdict())
    return found
