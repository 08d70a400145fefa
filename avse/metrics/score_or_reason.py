"""The result of a metric: a number, or the reason why there is none."""

from dataclasses import dataclass

import numpy as np

from avse.errors import InputError
from avse.types import FloatWaveform


@dataclass(frozen=True)
class Score:
    """A metric's value for one pair of waveforms; never a stand-in such as 0 for what could not be computed."""

    value: float | None
    reason: str | None = None
    """Why there is no value; None if there is one."""


def unscorable(reference: FloatWaveform, estimate: FloatWaveform) -> Score | None:
    """What no metric can judge, as a failed score; None if the pair can be judged.

    A difference in length is a failed score and not an error, so that one bad file does not end a list of them.

    Args:
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.

    Raises:
        InputError: they are not two mono waveforms.
    """
    if reference.ndim != 1 or estimate.ndim != 1:
        raise InputError(
            f"reference and estimate must be mono, (samples,), but are {reference.shape} and {estimate.shape}; "
            "mix them down first"
        )
    if len(reference) != len(estimate):
        return Score(None, f"lengths differ: reference {len(reference)} samples, estimate {len(estimate)}")
    for name, waveform in (("reference", reference), ("estimate", estimate)):
        if not np.isfinite(waveform).all():
            return Score(None, f"{name} holds NaN or infinity")
        if not waveform.any():
            return Score(None, f"{name} is silent")
    return None
