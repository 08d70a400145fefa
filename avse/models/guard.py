"""How much of the steered mask is used: none until the lips are known to say what is heard, and none where it harms.

Where both outputs are nearly the same, as in plain noise, there is nothing to choose between, and the audio-only one
stays: it was trained longer. The more they differ, as among talkers, the more the steered one is used.

The audio-only output is at hand in every frame, so the video can be dropped at any time, with a cross-fade.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.signal.decibel import power_ratio
from avse.types import Spectrum

TINY, SILENCE = 1e-16, 1e-12
"""Powers of spectral bins that keep ratios finite."""


@dataclass(frozen=True)
class GuardConfig:
    """When steering is used."""

    frame_rate_hz: float = 62.5
    """Audio frames per second."""
    evidence_memory_s: float = 2.0
    """s; time after which evidence counts a third."""
    begin_evidence: float = 0.5
    """Nats for the lips' saying what is heard, from which steering begins."""
    end_evidence: float = -8.0
    """Nats below which it ends: far below, for while the target is silent and others talk, its lips do not say what is
    heard, and steering is needed most."""
    time_constant_s: float = 1.5
    """s; time over which levels are averaged."""
    alike_db: float = -16.0
    """dB; level of the outputs' difference against the audio-only output up to which that alone is used."""
    unlike_db: float = -10.0
    """dB; level from which the steered output alone is used."""
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
    difference_power: float = 0.0
    """Mean power of the difference of the two outputs."""
    power: float = 0.0
    """Mean power of the audio-only output."""
    weight: float = 0.0
    """Share of the steered output in the last frame."""
    on: bool = False
    """Steering is used, or being faded in."""
    rest: float = 0.0
    """s until it may begin again."""
    n_stops: int = 0
    """How often levels have ended it."""


class _Frame(NamedTuple):
    """One audio frame."""

    evidence: float
    """Nats that have come in."""
    in_time: bool
    """The lips are neither late nor early."""
    speaking: float
    """Voice activity of the cue, 0 where there is none."""
    present: bool
    steered: float
    """Power of the steered output."""
    audio_only: float
    """Power of the audio-only output."""
    difference: float
    """Power of their difference."""


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
        in_time: npt.NDArray[np.bool_],
        cue: npt.NDArray[np.float32],
        present: npt.NDArray[np.bool_],
        state: GuardState | None,
    ) -> tuple[Spectrum, npt.NDArray[np.float32], GuardState]:
        """Blend the next frames.

        Args:
            audio_only: `(freqs, frames)` enhanced without the cue.
            steered: `(freqs, frames)` enhanced with it.
            evidence: `(frames,)` nats that have come in, for the lips' saying what is heard.
            in_time: `(frames,)` False where they say it late or early (`avse.models.lip_lag`): then steering ends.
            cue: `(frames, CUE_DIM)`, voice activity first.
            present: `(frames,)` False where there is no cue.
            state: from the call before, None at first.

        Returns:
            `(freqs, frames)`; the share of the steered output `(frames,)`; and the new state. Where the share is 0
            the output is `audio_only`, bit for bit.
        """
        difference = steered - audio_only
        powers = [np.square(np.abs(s)).mean(axis=0).tolist() for s in (steered, audio_only, difference)]
        speaking = np.where(present, cue[:, 0], 0.0).tolist()
        weights = np.zeros(audio_only.shape[1], dtype=np.float32)
        state = state or GuardState()
        frames = zip(evidence.tolist(), in_time.tolist(), speaking, present.tolist(), *powers, strict=True)
        for number, frame in enumerate(frames):
            state = self._next(state, _Frame(*frame))
            weights[number] = state.weight
        blended = audio_only.copy()
        used = weights > 0
        blended[:, used] += weights[used] * difference[:, used]
        return blended, weights, state

    def _next(self, state: GuardState, frame: _Frame) -> GuardState:
        config = self.config
        step = 1 / config.frame_rate_hz
        share = step / config.time_constant_s
        keep = math.exp(-step / config.evidence_memory_s)
        total = keep * state.evidence + frame.evidence if frame.present else 0.0
        rate = share * frame.speaking
        steered_power = state.steered_power + rate * (frame.steered - state.steered_power)
        audio_only_power = state.audio_only_power + rate * (frame.audio_only - state.audio_only_power)
        harms = steered_power < power_ratio(-config.lowered_db) * audio_only_power
        stops = state.on and harms
        rest = config.rest_s if stops else max(0.0, state.rest - step)
        enough = config.end_evidence if state.on else config.begin_evidence
        on = frame.present and frame.in_time and not stops and rest == 0 and total > enough
        difference = state.difference_power + share * (frame.difference - state.difference_power)
        power = state.power + share * (frame.audio_only - state.power)
        wanted, fade = self._share(difference, power) if on else 0.0, step / config.fade_s
        weight = min(max(wanted, state.weight - fade), state.weight + fade)
        return GuardState(
            total, steered_power, audio_only_power, difference, power, weight, on, rest, state.n_stops + stops
        )

    def _share(self, difference: float, power: float) -> float:
        """How much of the steered output to use, 0 to 1, by how far the two outputs differ."""
        low, high = self.config.alike_db, self.config.unlike_db
        level_db = 10 * math.log10((difference + TINY) / (power + SILENCE))
        return min(1.0, max(0.0, (level_db - low) / (high - low)))
