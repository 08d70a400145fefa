"""Every system that is compared on one fold: baselines, each modality alone, fusions, ensembles."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from avse.models.recognition import InputConfig, Recognizer, RecognizerConfig
from avse.models.voting import Stacking, Vote, hard_vote, soft_vote
from avse.types import Labels, Probabilities
from recipes.classification import confusion
from recipes.classifiers import BASELINES, classify, majority
from recipes.recognition.batches import under
from recipes.recognition.features import CLEAN, HAND, Features
from recipes.recognition.fit import FitConfig, fit, predict, present
from recipes.recognition.folds import inner_folds

MAJORITY = "majority"
Fusion = Literal["early", "late", "attention"]
FUSIONS: dict[Fusion, str] = {"early": "concatenate early", "late": "concatenate late", "attention": "attention"}
"""Names of the fused networks."""
ENSEMBLES = ("hard vote", "soft vote", "weighted vote", "stacking")


@dataclass(frozen=True)
class Training:
    """What all networks of a fold are trained with."""

    rows: Sequence[Features]
    labels: Labels
    groups: Sequence[str]
    sizes: RecognizerConfig
    """Of the network with all modalities."""
    fit: FitConfig
    seed: int
    n_noisy: int = 0
    n_inner_folds: int = 3

    @property
    def inputs(self) -> dict[str, InputConfig]:
        """The modalities."""
        return dict(self.sizes.inputs)

    def network(self, fusion: Fusion, modalities: Sequence[str], *, index: np.ndarray | None = None) -> Recognizer:
        """A network with some of the modalities, trained on all rows or on some."""
        chosen = np.arange(len(self.rows)) if index is None else index
        return fit(
            [self.rows[int(i)] for i in chosen],
            self.labels[chosen],
            sizes=replace(self.sizes, inputs={name: self.inputs[name] for name in modalities}, fusion=fusion),
            config=self.fit,
            seed=self.seed,
            n_noisy=self.n_noisy,
        )


@dataclass(frozen=True)
class Ensemble:
    """One network for each modality and the ways to combine their probabilities."""

    members: Mapping[str, Recognizer]
    votes: Mapping[str, Vote]

    @classmethod
    def train(cls, training: Training) -> "Ensemble":
        """Train members on all rows; weights and stacking on rows that inner folds held out, by group."""
        members = {name: training.network("late", [name]) for name in training.inputs}
        votes: dict[str, Vote] = {"hard vote": hard_vote, "soft vote": soft_vote}
        held_out = _out_of_fold(training) if len(members) > 1 else None
        if held_out is not None:
            probabilities, there, labels = held_out
            weights = [_above_chance(p, labels, t) for p, t in zip(probabilities, there, strict=True)]
            votes["weighted vote"] = lambda p, t: soft_vote(p, t, weights)
            votes["stacking"] = Stacking().fit(probabilities, there, labels)
        return cls(members, votes)

    def predict(
        self, condition: str, rows: Sequence[Features], inputs: dict[str, InputConfig], *, seed: int
    ) -> dict[str, Probabilities]:
        """Probabilities of the members and of the ensembles under a test condition, by name."""
        batch = under(condition, rows, inputs, seed=seed)
        alone: dict[str, Probabilities] = {name: predict(model, batch) for name, model in self.members.items()}
        stacked = np.stack(list(alone.values()))
        there = np.stack([present(batch, name) for name in alone])
        votes: dict[str, Probabilities] = {
            name: np.asarray(vote(stacked, there), np.float64) for name, vote in self.votes.items()
        }
        return alone | votes


def _out_of_fold(training: Training) -> tuple[np.ndarray, np.ndarray, Labels] | None:
    """Probabilities `(members, rows, labels)` and presence of networks that have not seen the rows' groups.

    Under noise, held-out rows are in their noisy training copies as well, so that a judge learns whom to trust when.
    """
    folds = inner_folds(training.groups, n_folds=training.n_inner_folds)
    if not folds:
        return None
    variants = [CLEAN, *(f"train {k}" for k in range(training.n_noisy))]
    parts = []
    for train, test in folds:
        if len(set(training.labels[train])) < 2:
            continue
        members = {name: training.network("late", [name], index=train) for name in training.inputs}
        rows = [training.rows[i] for i in test]
        for variant in variants:
            batch = under(variant, rows, training.inputs, seed=0)
            predicted = np.stack([predict(model, batch) for model in members.values()])
            parts.append((predicted, np.stack([present(batch, name) for name in members]), training.labels[test]))
    if not parts:
        return None
    probabilities, there, labels = zip(*parts, strict=True)
    return np.concatenate(probabilities, axis=1), np.concatenate(there, axis=1), np.concatenate(labels)


def _above_chance(probabilities: np.ndarray, labels: Labels, there: np.ndarray) -> float:
    """Balanced accuracy less chance, where the modality is present; a little above 0 at least."""
    if not there.any():
        return 1e-3
    n = probabilities.shape[1]
    counts = confusion(reference=labels[there], estimate=probabilities[there].argmax(axis=1), n_classes=n)
    seen = counts.sum(axis=1) > 0
    recall = counts.diagonal()[seen] / counts.sum(axis=1)[seen]
    return float(max(1e-3, recall.mean() - 1 / n))


def baselines(
    training: Training, tests: Sequence[Features], conditions: Sequence[str]
) -> dict[str, dict[str, Probabilities]]:
    """Majority, and SVM and forest on hand-crafted features of each source and of all, by condition and name."""
    sources = [s for s in ("waveform", "mouth", "face", "text", "series") if any(r.of(CLEAN, HAND + s) is not None
               for r in training.rows)]  # fmt: skip
    groups = {source: [source] for source in sources}
    if len(sources) > 1:
        groups["all"] = sources
    variants = [CLEAN, *(f"train {k}" for k in range(training.n_noisy))]
    n_labels = len(training.sizes.labels)
    found: dict[str, dict[str, Probabilities]] = {
        c: {MAJORITY: majority(training.labels, n_test=len(tests), n_levels=n_labels)} for c in conditions
    }
    complete = [c for c in conditions if not c.endswith("missing")]
    for title, some in groups.items():
        rows = np.concatenate([_table(training.rows, some, variant, training.rows) for variant in variants])
        train = rows, np.tile(training.labels, len(variants))
        test = np.concatenate([_table(tests, some, condition, training.rows) for condition in complete])
        for name in BASELINES:
            predicted = classify(name, train, test, n_levels=n_labels, seed=training.seed)
            for condition, part in zip(complete, np.split(predicted, len(complete)), strict=True):
                found[condition][f"{name}, {title}"] = part
    return found


def _table(rows: Sequence[Features], sources: Sequence[str], variant: str, like: Sequence[Features]) -> np.ndarray:
    """Hand-crafted features side by side, `(rows, features)`, NaN where a source is missing."""
    columns = []
    for source in sources:
        width = next(len(f) for r in like if (f := r.of(CLEAN, HAND + source)) is not None)
        found = [row.of(variant, HAND + source) for row in rows]
        columns.append(np.stack([np.full(width, np.nan) if f is None else f[:width] for f in found]))
    return np.concatenate(columns, axis=1)


def run_fold(
    training: Training, tests: Sequence[Features], conditions: Sequence[str]
) -> dict[str, dict[str, Probabilities]]:
    """Train every system and apply it to the tests under every condition.

    Returns:
        Probabilities `(tests, labels)` by condition and system.
    """
    found = baselines(training, tests, conditions)
    modalities = list(training.inputs)
    ensemble = Ensemble.train(training)
    networks = {}
    if len(modalities) > 1:
        networks = {title: training.network(fusion, modalities) for fusion, title in FUSIONS.items()}
    for condition in conditions:
        seed = training.seed + zlib.crc32(condition.encode()) % 1000
        predicted = ensemble.predict(condition, tests, training.inputs, seed=seed)
        if len(modalities) == 1:
            predicted = {name: predicted[name] for name in modalities}
        found[condition] |= predicted
        batch = under(condition, tests, training.inputs, seed=seed)
        found[condition] |= {title: predict(model, batch) for title, model in networks.items()}
    return found
