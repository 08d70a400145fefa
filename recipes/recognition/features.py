"""Features of every recording, computed once and kept: of encoders, hand-crafted, clean and in noise."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from avse.errors import AvseError, ConfigError, reason_of
from avse.media.arrays import read_arrays
from avse.media.made import digest, fingerprint, key_of
from avse.media.output import atomic_write
from avse.types import FloatArray
from avse.workers import in_parallel
from recipes.recognition.encoders import SOURCES, read_encoder
from recipes.recognition.examples import LabelledRecording
from recipes.recognition.handcrafted import handcrafted
from recipes.recognition.noise import Noises
from recipes.recognition.recordings import CROP_RATE_HZ, SAMPLE_RATE, Crops, Sources, read_sources

HAND = "hand-crafted "
"""Before the name of a source, for its hand-crafted features."""
CLEAN = "clean"
Kind = TypeVar("Kind", bound=np.generic)
EXACT = ("text", "series")
"""Modalities whose numbers need more than half precision."""


@dataclass(frozen=True)
class FeatureConfig:
    """What features are made of."""

    modalities: Mapping[str, str]
    """Encoder by modality."""
    noise: Path | None = None
    """CSV of noise recordings; pink noise without it."""
    snr_db: tuple[float, ...] = ()
    """SNRs of the tests in noise; none without audio."""
    n_noisy: int = 3
    """Noisy copies of each recording for training, their SNRs among `snr_db`."""


class Features(NamedTuple):
    """Of one recording."""

    example: LabelledRecording
    by_variant: dict[str, dict[str, FloatArray]]
    """By variant (`clean`; `train 0` ...: noisy copies for training; `-5 dB`: for tests) and modality, `(frames, dim)`;
    hand-crafted ones `(n,)`. A variant holds what noise changes; the rest is as in `clean`."""
    notes: tuple[str, ...]

    def of(self, variant: str, name: str) -> FloatArray | None:
        """Features of a variant, or the clean ones where noise changes nothing; None if missing."""
        found = self.by_variant.get(variant, {}).get(name)
        return self.by_variant[CLEAN].get(name) if found is None else found


def noise_variant(snr_db: float) -> str:
    """Name of the tests at an SNR."""
    return f"{snr_db:+g} dB"


def read_features(
    examples: Sequence[LabelledRecording], config: FeatureConfig, *, folder: Path, crops: Path, n_workers: int = 1
) -> tuple[list[Features], list[str]]:
    """Features of all examples; those that cannot be read are reported and skipped.

    Args:
        examples: labelled.
        config: what to compute.
        folder: where features are kept.
        crops: folder of mouth crops by id.
        n_workers: processes.

    Returns:
        Features of what could be read, and a line for each that could not.
    """
    for modality, name in config.modalities.items():
        read_encoder(modality, name)  # a wrong name is an error of the configuration, not of each file
    Noises(config.noise)
    work = partial(_features, config=config, folder=folder, crops=crops)
    lost = lambda example, error: f"{example.id}: {error}"  # noqa: E731
    done = list(
        tqdm(in_parallel(work, list(examples), n_workers=n_workers, lost=lost), total=len(examples), desc="features")
    )
    return [d for d in done if isinstance(d, Features)], [d for d in done if isinstance(d, str)]


def compute(sources: Sources, example: LabelledRecording, config: FeatureConfig) -> Features:
    """Features of one recording's sources, see `Features`."""
    by_variant = {CLEAN: _variant(sources, config, example, hearing_only=False)}
    waveform = sources.waveform
    if waveform is not None and config.snr_db:
        noises = _noises(config.noise)
        rng = np.random.default_rng(len(waveform))
        copies = {f"train {k}": ("train", float(rng.choice(config.snr_db))) for k in range(config.n_noisy)}
        copies |= {noise_variant(snr_db): ("test", snr_db) for snr_db in config.snr_db}
        for name, (use, snr_db) in copies.items():
            noisy = noises.add(waveform, snr_db=snr_db, use=use, key=f"{example.id}/{name}")
            noisy_alone = Sources(None, noisy, None, None, ())
            by_variant[name] = _variant(noisy_alone, config, example, hearing_only=True)
    return Features(example, by_variant, sources.notes)


def _variant(
    sources: Sources, config: FeatureConfig, example: LabelledRecording, *, hearing_only: bool
) -> dict[str, FloatArray]:
    found = {}
    cut = _cut_sources(sources, example)
    for modality, name in config.modalities.items():
        if hearing_only and SOURCES[modality] != "waveform":
            continue
        encoder = read_encoder(modality, name)
        rate_hz = encoder.input.rate_hz
        # Encoders over time see what comes before an example's part; those of the whole see the part alone.
        found[modality] = _cut(encoder(sources), example, rate_hz=rate_hz) if rate_hz else encoder(cut)
    return found | {HAND + name: values for name, values in handcrafted(cut).items()}


def _cut(frames: npt.NDArray[Kind], example: LabelledRecording, *, rate_hz: float) -> npt.NDArray[Kind]:
    if example.start_s == 0 and np.isinf(example.end_s):
        return frames
    first = int(example.start_s * rate_hz)
    last = len(frames) if np.isinf(example.end_s) else max(first + 1, round(example.end_s * rate_hz))
    return frames[min(first, max(0, len(frames) - 1)) : last]


def _cut_sources(sources: Sources, example: LabelledRecording) -> Sources:
    """The example's part of the waveform, the mouth and the face."""
    waveform = sources.waveform
    if waveform is not None:
        waveform = _cut(waveform, example, rate_hz=SAMPLE_RATE)
    mouth, face = (_cut_crops(crops, example) for crops in (sources.mouth, sources.face))
    return sources._replace(mouth=mouth, face=face, waveform=waveform)


def _cut_crops(found: Crops | None, example: LabelledRecording) -> Crops | None:
    if found is None:
        return None
    present = _cut(found.present, example, rate_hz=CROP_RATE_HZ)
    return Crops(_cut(found.crops, example, rate_hz=CROP_RATE_HZ), present)


def _features(example: LabelledRecording, *, config: FeatureConfig, folder: Path, crops: Path) -> Features | str:
    """Features of one file, from its cache if it has not changed; a line if it cannot be read."""
    torch.set_num_threads(1)
    try:
        path = folder / f"{_key(example, config)}.npz"
        if path.is_file():
            return _load(path, example)
        wanted = frozenset(SOURCES[modality] for modality in config.modalities)
        features = compute(read_sources(example, wanted=wanted, crops=crops), example, config)
        _save(path, features)
    except ConfigError:
        raise
    except AvseError as error:
        return f"{example.id}: {error}"
    except Exception as error:  # noqa: BLE001 - one bad file never ends a batch
        return f"{example.id}: {reason_of(error, thing=f'recording {example.path}')}"
    return features


def _key(example: LabelledRecording, config: FeatureConfig) -> str:
    """Hash of everything that a recording's features depend on."""
    weights = [digest(Path(name.partition(":")[2])) for name in config.modalities.values() if ":" in name]
    facts = {
        "example": example._replace(label="", group="", split="", path=Path(example.path.name)),
        "file": fingerprint(example.path),
        "weights": weights,
        "noise": digest(config.noise) if config.noise else None,
        "config": dataclasses.asdict(dataclasses.replace(config, noise=None)),
    }
    return key_of(facts)


def _save(path: Path, features: Features) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {
        f"{variant}|{name}": values.astype(np.float16 if values.ndim == 2 and name not in EXACT else np.float32)
        for variant, by_name in features.by_variant.items()
        for name, values in by_name.items()
    }
    arrays["notes"] = np.array(features.notes, dtype=np.str_)
    with atomic_write(path, force=True) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def _load(path: Path, example: LabelledRecording) -> Features:
    by_variant: dict[str, dict[str, FloatArray]] = {CLEAN: {}}
    arrays = read_arrays(path)
    notes = tuple(str(note) for note in arrays.pop("notes"))
    for key, values in arrays.items():
        variant, _, name = key.partition("|")
        by_variant.setdefault(variant, {})[name] = values.astype(np.float32)
    return Features(example, by_variant, notes)


@lru_cache(maxsize=2)
def _noises(table: Path | None) -> Noises:
    return Noises(table)
