"""What VATT was to reach on a corpus, as `egs/<corpus>/targets.yaml` holds it."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.training.config import read_config


@dataclass(frozen=True)
class RetrievalTarget:
    """A recall."""

    direction: str
    """Query to candidates, such as `audio to video`."""
    k: int
    """Of recall at k."""
    times_chance: float
    """How many times that of chance."""


@dataclass(frozen=True)
class Targets:
    """All targets; what is not named is not asked for."""

    retrieval: list[RetrievalTarget] = field(default_factory=list)
    """Recalls on the validation split."""
    probes: dict[str, float] = field(default_factory=dict)
    """By probe, the accuracy of the trained features above the untrained ones."""
    most_minutes: float | None = None
    """Of the training."""


def read_targets(path: Path | None) -> Targets:
    """Read targets from YAML; there are none without a file.

    Raises:
        ConfigError: the file is missing or has an unknown key.
    """
    return Targets() if path is None else read_config(Targets, ["--config", str(path)])
