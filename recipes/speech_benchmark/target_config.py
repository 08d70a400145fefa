"""What a project set itself to reach on a corpus, as `egs/<corpus>/targets.yaml` holds it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from avse.errors import ConfigError
from avse.metrics.table import METRICS
from avse.training.config import read_config
from recipes.speech_benchmark.mixture_scores import SPLITS

EVERY_PEER = "every peer"
"""Among the others of a target: all systems but the model, the noisy input and those of `no_peers`."""
LONG_METRICS = ("si_sdr_db", "pesq_wb")
"""Metrics of a whole long video."""


@dataclass(frozen=True)
class Target:
    """One system ahead of others in some groups of mixtures."""

    text: str
    """The target in words; `{model}` is the model's name."""
    margins: dict[str, float]
    """Metric to the least difference from the best of the others."""
    others: list[str]
    """Systems, as the tables call them; "every peer" stands for all other systems. A target is skipped where one of
    them has no scores."""
    better: str = "{model}"
    """The system that must be ahead."""
    split: str | None = None
    """Of the mixtures; None is every split, for groups `split` alone."""
    groups: Literal["mean", "split", "noise_type", "snr", "talkers", "same_speaker"] = "mean"
    """The margin must be met in each: mean of the split, of each split, of each noise type, of each SNR, of each type
    of competing talkers, of the mixtures with another sentence of the same person."""


@dataclass(frozen=True)
class LongTargets:
    """What long videos must show; None asks for nothing."""

    below: dict[str, float] = field(default_factory=dict)
    """Metric to how far a video may at most be below audio-only; in noise, and SI-SDR with bad video, too."""
    level_db: float | None = None
    """The speech level may change by so much at most, dB."""
    talkers: dict[str, float] = field(default_factory=dict)
    """Metric to the least gain over audio-only among talkers, mean of a split."""
    suppression_db: float | None = None
    """Others are lowered by so much at least while the target is silent, dB."""


@dataclass(frozen=True)
class Targets:
    """All targets on a corpus."""

    models: dict[str, list[Target]] = field(default_factory=dict)
    """On the fixed mixtures, by the model's name in the tables."""
    no_peers: list[str] = field(default_factory=list)
    """Systems that "every peer" leaves out."""
    quiet: dict[str, float] = field(default_factory=dict)
    """Metric to what its mean at an SNR of 30 dB must exceed."""
    long: LongTargets | None = None
    """On long videos."""


def read_targets(path: Path) -> Targets:
    """Read targets from YAML.

    Raises:
        ConfigError: the file is missing, has an unknown key, or names a metric or split that there is not.
    """
    targets = read_config(Targets, ["--config", str(path)])
    for target in (target for listed in targets.models.values() for target in listed):
        if target.split not in SPLITS and not (target.split is None and target.groups == "split"):
            raise ConfigError(f"{path}: split must be one of {', '.join(SPLITS)} but is {target.split}; correct it")
        _check_metrics(path, target.margins, tuple(METRICS))
    _check_metrics(path, targets.quiet, tuple(METRICS))
    for found in (targets.long.below, targets.long.talkers) if targets.long else ():
        _check_metrics(path, found, LONG_METRICS)
    return targets


def _check_metrics(path: Path, found: dict[str, float], known: tuple[str, ...]) -> None:
    for name in found:
        if name not in known:
            raise ConfigError(f"{path}: metric must be one of {', '.join(known)} but is {name}; correct it")
