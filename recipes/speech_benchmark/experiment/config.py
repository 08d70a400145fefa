"""What an experiment's tables hold."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.training.config import read_config

BASELINE = "noisy"
"""The system that does nothing: the input as it is."""


@dataclass(frozen=True)
class Claim:
    """One system above another, as a paper has it."""

    better: str
    """Name of a system."""
    worse: str
    """Name of a system."""
    snr_db: float | None = None
    """Where; None is over all SNRs."""


@dataclass(frozen=True)
class ExperimentConfig:
    """Which systems there are, and what is asked of them."""

    systems: dict[str, str]
    """Rows of the main tables: name, also of its folder, to title."""
    ablations: dict[str, list[str]] = field(default_factory=dict)
    """A table each: title to names; differences are from the first of them."""
    claims: list[Claim] = field(default_factory=list)
    """What a paper says."""
    shown: list[str] = field(default_factory=list)
    """Mixtures to see and hear; chosen by rule if there are none."""


# Functions and not methods: those of a configuration would be commands of its command line.
def title_of(config: ExperimentConfig, name: str) -> str:
    """How a system is called."""
    return config.systems.get(name, name)


def words_of(config: ExperimentConfig, claim: Claim) -> str:
    """A claim in words."""
    place = "" if claim.snr_db is None else f" at {claim.snr_db:+g} dB"
    return f"{title_of(config, claim.better)} above {title_of(config, claim.worse)}{place}"


def names_of(config: ExperimentConfig) -> list[str]:
    """All systems that are asked for anywhere, each once."""
    ablated = [name for names in config.ablations.values() for name in names]
    claimed = [name for claim in config.claims for name in (claim.better, claim.worse)]
    return list(dict.fromkeys([*config.systems, *ablated, *claimed]))


def read_experiment(path: Path) -> ExperimentConfig:
    """Read an experiment from YAML.

    Raises:
        ConfigError: the file is missing, or holds something else.
    """
    return read_config(ExperimentConfig, ["--config", str(path)])
