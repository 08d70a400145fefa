"""Which face speaks when, from evidence per face and frame: turns, nobody on screen, and "not sure".

A hidden Markov model with one state per face and one for "nobody on screen"; the evidence of a face is the
log-likelihood ratio of its state against nobody's. The forward-backward algorithm (Rabiner 1989, eq. 19-27) gives the
probability of every state at every time; where the best one is not probable enough, nobody is chosen.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avse.signal.speech_cue import CUE_RATE_HZ
from avse.types import Series

NOBODY, UNSURE = -1, -2
"""In place of a face's index."""


@dataclass(frozen=True)
class TurnConfig:
    """How turns are found."""

    mean_turn_s: float = 4.0
    """Expected length of a turn: short ones switch on little evidence, and follow noise."""
    nobody_share: float = 0.3
    """Prior probability that nobody on screen speaks."""
    least_probability: float = 0.6
    """Of the best state; below it the answer is "not sure". Chosen with the scale by composed videos of the people of
    training and validation (`python -m benchmarks.faces --splits train,valid`): a higher one leaves speakers out, and
    a lower one chooses wrong ones. What it gives on test people stands in `benchmarks/RESULTS.md`."""
    evidence_scale: float = 1.6
    """The lip network's evidence is multiplied by this; chosen by the same videos."""


BY_ITSELF = TurnConfig(nobody_share=0.5, least_probability=0.9)
"""For each face alone, with a higher margin: a mouth that says something else unheard should get no file of its own."""


@dataclass(frozen=True)
class Span:
    """A stretch of time with one answer."""

    start_s: float
    end_s: float
    face: int
    """Index of the face, `NOBODY` or `UNSURE`."""
    probability: float
    """Mean over the span of the answer's probability; of the best state where it is `UNSURE`."""


@dataclass(frozen=True)
class Turns:
    """Who speaks over a recording."""

    speaker: npt.NDArray[np.int64]
    """`(frames,)` index of the face, `NOBODY` or `UNSURE`; `CUE_RATE_HZ` frames per second."""
    probability: Series
    """`(1 + faces, frames)` of each state, nobody first."""

    def share(self, face: int) -> float:
        """Share of all frames in which a face (or `NOBODY`, `UNSURE`) is the answer."""
        return float(np.mean(self.speaker == face)) if len(self.speaker) else 0.0

    def spans(self) -> list[Span]:
        """The answers as spans in order, without gaps."""
        if not len(self.speaker):
            return []
        starts = np.flatnonzero(np.diff(self.speaker, prepend=self.speaker[0] - 1))
        best = self.probability.max(axis=0)
        return [
            Span(start / CUE_RATE_HZ, stop / CUE_RATE_HZ, int(self.speaker[start]), float(best[start:stop].mean()))
            for start, stop in zip(starts, [*starts[1:], len(self.speaker)], strict=True)
        ]


def find_turns(evidence: Series, config: TurnConfig | None = None) -> Turns:
    """Say which face speaks at each time.

    Args:
        evidence: `(faces, frames)` in nats that each face says what is heard, 0 for knowing nothing.
        config: how.

    Returns:
        One answer per frame; all `NOBODY` where there are no faces.
    """
    config = config or TurnConfig()
    n_faces, n_frames = evidence.shape
    scores = np.concatenate([np.zeros((1, n_frames)), config.evidence_scale * evidence])
    prior = np.array([config.nobody_share, *[(1 - config.nobody_share) / max(1, n_faces)] * n_faces])
    if n_faces == 0:
        return Turns(np.full(n_frames, NOBODY), np.ones((1, n_frames)))
    probability = _posterior(scores, prior, leave=1 / (config.mean_turn_s * CUE_RATE_HZ))
    best = probability.argmax(axis=0)
    sure = probability.max(axis=0) >= config.least_probability
    return Turns(np.where(sure, best - 1, UNSURE), probability)


def find_speech_of_each(evidence: Series, config: TurnConfig | None = None) -> list[Turns]:
    """Say for each face alone when it speaks, so that people who talk at the same time both do.

    Args:
        evidence: `(faces, video frames)`, as of `find_turns`.
        config: how; `BY_ITSELF` by default.

    Returns:
        For each face the answers 0 (it speaks), `NOBODY` or `UNSURE`.
    """
    return [find_turns(row[None], config or BY_ITSELF) for row in evidence]


def _posterior(scores: Series, prior: Series, *, leave: float) -> Series:
    """State probabilities, `(states, frames)`; a state is left with a fixed chance, to any state by its prior."""
    n_frames = scores.shape[1]
    likelihood = np.exp(scores - scores.max(axis=0))
    forward, backward = np.empty_like(likelihood), np.empty_like(likelihood)
    before = prior
    for frame in range(n_frames):
        joint = likelihood[:, frame] * ((1 - leave) * before + leave * prior if frame else before)
        before = forward[:, frame] = joint / joint.sum()
    after = np.ones(len(prior))
    for frame in reversed(range(n_frames)):
        backward[:, frame] = after
        weighted = likelihood[:, frame] * after
        after = (1 - leave) * weighted + leave * float(prior @ weighted)
        after /= after.sum()
    joint = forward * backward
    posterior: Series = joint / joint.sum(axis=0)
    return posterior
