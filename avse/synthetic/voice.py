"""A synthetic voice: enough of speech for tests and demonstrations, without a recording of anyone.

Source and filter (Fant 1960): glottal pulses of a wandering pitch, or noise for consonants, through the resonances of
vowels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from avse.synthetic.expression import PLAIN, Manner
from avse.types import Waveform

VOWELS_HZ = (
    (730, 1090, 2440),
    (530, 1840, 2480),
    (390, 1990, 2550),
    (570, 840, 2410),
    (440, 1020, 2240),
    (660, 1720, 2410),
)
"""First three formants of an average male voice (Peterson and Barney 1952)."""
OPENINGS = (1.0, 0.7, 0.4, 0.8, 0.45, 0.85)
"""How far the mouth opens for each of these vowels, 0 to 1."""
BANDWIDTHS_HZ = (70.0, 90.0, 130.0)
OPENING_RATE_HZ = 100


@dataclass(frozen=True)
class Voice:
    """A spoken stretch and the mouth that belongs to it."""

    waveform: Waveform
    """`(samples,)`, peak 0.5."""
    sample_rate: int
    """Hz."""
    opening: npt.NDArray[np.float64]
    """`(n,)` how far the mouth is open, 0 to 1, `OPENING_RATE_HZ` times a second."""

    def opening_at(self, times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """How far the mouth is open at `(n,)` times in s, 0 to 1; closed outside of the recording."""
        own_times_s = np.arange(len(self.opening)) / OPENING_RATE_HZ
        return np.interp(times_s, own_times_s, self.opening, left=0, right=0)


def speak(rng: np.random.Generator, *, duration_s: float, sample_rate: int = 16000, manner: Manner = PLAIN) -> Voice:
    """Make up a stretch of speech: syllables, three to five a second, with pauses between phrases.

    Args:
        rng: makes the voice's pitch and tract, and what it says.
        duration_s: seconds.
        sample_rate: Hz, at least 8000.
        manner: of speaking.
    """
    n_samples = round(duration_s * sample_rate)
    waveform = np.zeros(n_samples)
    opening = np.zeros(round(duration_s * OPENING_RATE_HZ) + 1)
    pitch_hz, tract = manner.pitch * rng.uniform(95, 220), rng.uniform(0.95, 1.2)
    start_s = 0.15
    while start_s < duration_s - 0.3:
        for _ in range(rng.integers(3, 6)):
            length_s = rng.uniform(0.19, 0.32) / manner.pace
            vowel = int(rng.integers(len(VOWELS_HZ)))
            formants_hz = [tract * f for f in VOWELS_HZ[vowel]]
            moved = pitch_hz * rng.uniform(1 - 0.1 * manner.liveliness, 1 + 0.1 * manner.liveliness)
            syllable = _syllable(rng, length_s, pitch_hz=moved, formants_hz=formants_hz,
                                 sample_rate=sample_rate)  # fmt: skip
            _add(waveform, syllable, at=round(start_s * sample_rate))
            bell = np.hanning(round(length_s * OPENING_RATE_HZ) + 2) * OPENINGS[vowel]
            _add(opening, bell, at=round(start_s * OPENING_RATE_HZ))
            start_s += length_s
        start_s += rng.uniform(0.15, 0.35) / manner.pace
    peak = np.abs(waveform).max()
    scaled = (0.5 * waveform / peak if peak > 0 else waveform).astype(np.float32)
    return Voice(scaled, sample_rate, np.minimum(opening, 1.0))


def _syllable(
    rng: np.random.Generator, length_s: float, *, pitch_hz: float, formants_hz: list[float], sample_rate: int
) -> npt.NDArray[np.float64]:
    """A consonant of noise, then a vowel that rises and falls."""
    n_samples = round(length_s * sample_rate)
    fall = np.linspace(1.06, 0.94, n_samples) * (
        1 + 0.01 * np.cumsum(rng.standard_normal(n_samples)) / np.sqrt(n_samples)
    )
    phase = np.cumsum(pitch_hz * fall / sample_rate)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    # Two poles on the pulses give the glottis' fall of 12 dB an octave, the difference the lips' rise of 6.
    source = np.diff(lfilter([1.0], [1.0, -1.9, 0.9025], pulses), prepend=0.0)
    voiced = source + 0.01 * rng.standard_normal(n_samples)
    for formant_hz, bandwidth_hz in zip(formants_hz, BANDWIDTHS_HZ, strict=True):
        voiced = _resonate(voiced, formant_hz, bandwidth_hz, sample_rate)
    vowel = voiced / np.abs(voiced).max() * np.hanning(n_samples) ** 0.5
    n_noise = min(n_samples, round(rng.uniform(0.04, 0.08) * sample_rate))
    hiss_hz = min(rng.uniform(2500, 5500), 0.4 * sample_rate)
    hiss = _resonate(rng.standard_normal(n_noise), hiss_hz, 1200.0, sample_rate) * np.hanning(n_noise)
    vowel[:n_noise] += 0.25 * hiss / np.abs(hiss).max()
    return np.asarray(rng.uniform(0.6, 1.0) * vowel)


def _resonate(
    signal: npt.NDArray[np.float64], centre_hz: float, bandwidth_hz: float, sample_rate: int
) -> npt.NDArray[np.float64]:
    radius = np.exp(-np.pi * bandwidth_hz / sample_rate)
    angle = 2 * np.pi * centre_hz / sample_rate
    poles = [1.0, -2 * radius * np.cos(angle), radius**2]
    return np.asarray(lfilter([sum(poles)], poles, signal))


def _add(total: npt.NDArray[np.float64], part: npt.NDArray[np.float64], *, at: int) -> None:
    """Add as much of a part as lies within the whole."""
    n_inside = max(0, min(len(part), len(total) - at))
    total[at : at + n_inside] += part[:n_inside]
