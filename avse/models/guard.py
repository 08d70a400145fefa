"""How much of the steered mask is used: none until the lips are known to say what is heard, and none where it harms.

The audio-only output is at hand in every frame, so the video can be dropped at any time, with a cross-fade.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.signal.decibel import power_ratio
from avse.types import Spectrum


@dataclass(frozen=True)
class GuardConfig:
    """When steering is used."""

    frame_rate_hz: float = 62.5
    """Audio frames per second."""
    evidence_memory_s: float = 2.0
    """s; time after which evidence counts a third."""
    begin_evidence: float = 0.5
    """Nats for the lips' saying what is heard, from which steering begins."""
    end_evidence: float = -4.0
    """Nats below which it ends."""
    time_constant_s: float = 1.5
    """s; time over which levels are averaged."""
    lowered_db: float = 12.0
    """dB; steering ends where it lowers what audio-only keeps by more than this while the lips speak."""
    rest_s: float = 3.0
    """s; after that it does not begin again for so long."""
    fade_s: float = 0.25
    """s; length of the cross-fade."""


class GuardState(NamedTuple):
    """What the guard carries from one audio frame to the next."""

    evidence: float = 0.0
    """Nats; a face that has just come has none."""
    steered_power: float = 0.0
    """Mean power of the steered output while the lips speak."""
    audio_only_power: float = 0.0
    """The same of the audio-only output."""
    weight: float = 0.0
    """Share of the steered output in the last frame."""
    on: bool = False
    """Steering is used, or being faded in."""
    rest: float = 0.0
    """s until it may begin again."""
    n_stops: int = 0
    """How often levels have ended it."""


class SteeringGuard:
    """Turns two outputs and the evidence for the lips into one output; holds no state of a recording."""

    def __init__(self, config: GuardConfig | None = None) -> None:
        """Set up."""
        self.config = config or GuardConfig()

    def blend(
        self,
        audio_only: Spectrum,
        steered: Spectrum,
        *,
        evidence: npt.NDArray[np.float32],
        cue: npt.NDArray[np.float32],
        present: npt.NDArray[np.bool_],
        state: GuardState | None,
    ) -> tuple[Spectrum, npt.NDArray[np.float32], GuardState]:
        """Blend the next frames.

        Args:
            audio_only: `(freqs, frames)` enhanced without the cue.
            steered: `(freqs, frames)` enhanced with it.
            evidence: `(frames,)` nats that have come in, for the lips' saying what is heard.
            cue: `(frames, CUE_DIM)`, voice activity first.
            present: `(frames,)` False where there is no cue.
            state: from the call before, None at first.

        Returns:
            `(freqs, frames)`; the share of the steered output `(frames,)`; and the new state. Where the share is 0
            the output is `audio_only`, bit for bit.
        """
        powers = [np.square(np.abs(s)).mean(axis=0) for s in (steered, audio_only)]
        weights = np.zeros(audio_only.shape[1], dtype=np.float32)
        state = state or GuardState()
        for frame in range(len(weights)):
            speaking = float(cue[frame, 0])
            state = self._next(
                state, float(evidence[frame]), speaking, bool(present[frame]),
                float(powers[0][frame]), float(powers[1][frame]),
            )  # fmt: skip
            weights[frame] = state.weight
        blended = audio_only.copy()
        used = weights > 0
        blended[:, used] += weights[used] * (steered[:, used] - audio_only[:, used])
        return blended, weights, state

    def _next(
        self, state: GuardState, evidence: float, speaking: float, present: bool, steered: float, audio_only: float
    ) -> GuardState:
        config = self.config
        step = 1 / config.frame_rate_hz
        share = step / config.time_constant_s
        keep = math.exp(-step / config.evidence_memory_s)
        total = keep * state.evidence + evidence if present else 0.0
        rate = share * speaking * present
        steered_power = state.steered_power + rate * (steered - state.steered_power)
        audio_only_power = state.audio_only_power + rate * (audio_only - state.audio_only_power)
        harms = steered_power < power_ratio(-config.lowered_db) * audio_only_power
        stops = state.on and harms
        rest = config.rest_s if stops else max(0.0, state.rest - step)
        on = (
            present and not stops and rest == 0 and total > (config.end_evidence if state.on else config.begin_evidence)
        )
        fade = step / config.fade_s
        weight = min(1.0, state.weight + fade) if on else max(0.0, state.weight - fade)
        return GuardState(total, steered_power, audio_only_power, weight, on, rest, state.n_stops + stops)
