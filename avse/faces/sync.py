"""How late the video comes after the audio, from the embeddings of a mouth and of the audio."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avse.signal.speech_cue import CUE_RATE_HZ
from avse.types import FloatArray

MOST_OFFSET_S = 0.8
"""Offsets are looked for up to this, either way."""
CONFIDENT = 0.95
"""Confidence from which on an offset is used without asking."""
_LEAST_S = 1.0
"""Video and audio must overlap by this much beyond the range of offsets."""


@dataclass(frozen=True)
class Offset:
    """How late the video comes after the audio."""

    offset_s: float | None
    """Above 0 the video lags; None where there is too little to say anything."""
    confidence: float
    """Probability that the offset is right within a frame and that the mouth says what is heard, 0 to 1."""

    @property
    def is_confident(self) -> bool:
        """True if the offset may be used."""
        return self.offset_s is not None and self.confidence >= CONFIDENT

    def in_words(self) -> str:
        """The offset with its sign in words."""
        if self.offset_s is None:
            return "offset unknown: no mouth was seen for long enough"
        ms = round(1000 * self.offset_s)
        if ms == 0:
            return "video and audio are in sync"
        return f"video {'lags' if ms > 0 else 'leads'} audio by {abs(ms)} ms"


def find_offset(video: FloatArray, audio: FloatArray, *, evidence_scale: float = 0.5) -> Offset:
    """Find the offset at which a mouth says what is heard.

    The evidence at each whole number of frames is a log-likelihood ratio against "does not belong at all", so the
    posterior over offsets, with even prior, and over "none of them", is their softmax. A parabola through the best
    three gives the part between frames.

    Args:
        video: `(frames, dim)` embeddings of a mouth, 0 where there is no face.
        audio: `(frames, dim)` embeddings of the audio.
        evidence_scale: the evidence is multiplied by this, for neighbouring frames do not tell independent things; by
            cross entropy of windows of 2 s of the validation split.
    """
    most = round(MOST_OFFSET_S * CUE_RATE_HZ)
    n_frames = min(len(video), len(audio))
    inner = slice(most, n_frames - most)
    if inner.stop - inner.start < _LEAST_S * CUE_RATE_HZ or not video.any():
        return Offset(None, 0.0)
    # The same stretch of audio for all offsets, so that none has more frames than another.
    totals = evidence_scale * np.array(
        [
            float(np.sum(video[inner.start + shift : inner.stop + shift] * audio[inner], dtype=np.float64))
            for shift in range(-most, most + 1)
        ]
    )
    best = int(np.argmax(totals))
    odds = np.exp(np.clip(totals - totals[best], -700, 0)) / len(totals)
    none = float(np.exp(np.clip(-totals[best], -700, 700)))
    near = odds[max(0, best - 1) : best + 2].sum()
    return Offset((best - most + _vertex(totals, best)) / CUE_RATE_HZ, float(near / (odds.sum() + none)))


def _vertex(totals: npt.NDArray[np.float64], best: int) -> float:
    """Where between frames the parabola through the best value and its neighbours is highest, -0.5 to 0.5."""
    if not 0 < best < len(totals) - 1:
        return 0.0
    left, middle, right = totals[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0
