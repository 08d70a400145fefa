"""The heart of a simulated driver: a rate that follows arousal, late, and its electrocardiogram."""

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np

from avse.errors import MissingExtraError
from avse.types import Series

ECG_RATE_HZ = 64.0
N_PHASES = 256
"""Samples of a stored beat."""
BEFORE = 0.4
"""Share of a beat before its R peak: there the curve is flat, and one beat goes over into the next."""
SLOW_WAVE_HZ = 0.1
"""Of blood pressure, which the heart follows (Malpas 2002)."""


@dataclass(frozen=True)
class Heart:
    """How one driver's heart answers."""

    rest_bpm: float
    """Without stress."""
    gain: float
    """Share by which the rate rises at full arousal."""
    rise_s: float
    """Time constant."""
    fall_s: float
    """Time constant; calming down takes longer."""
    variability: float
    """Standard deviation of the intervals at rest, as a share of them."""
    calm: float
    """How fast the variability falls with arousal."""
    breath_hz: float
    """The heart follows the breath."""
    noise_mv: float
    """Of the electrodes."""

    @classmethod
    def draw(cls, rng: np.random.Generator, *, effect: float, variation: float) -> "Heart":
        """A driver.

        Args:
            rng: source of randomness.
            effect: of arousal, in [0, 1].
            variation: of people, in [0, 1].
        """
        return cls(
            rest_bpm=70 + 18 * variation * rng.uniform(-1, 1),
            gain=0.6 * effect * np.exp(0.5 * variation * rng.standard_normal()),
            rise_s=rng.uniform(5, 20),
            fall_s=rng.uniform(15, 40),
            variability=0.05 * np.exp(0.6 * variation * rng.standard_normal()),
            calm=2.5 * effect * np.exp(0.4 * variation * rng.standard_normal()),
            breath_hz=rng.uniform(0.2, 0.3),
            noise_mv=0.02 + 0.08 * variation,
        )


def electrocardiogram(heart: Heart, arousal: Series, rng: np.random.Generator) -> Series:
    """The curve of a whole drive.

    Args:
        heart: of the driver.
        arousal: `(seconds,)`, 0 calm to 1 tense.
        rng: source of randomness.

    Returns:
        `(seconds * 64,)` in mV.

    Raises:
        MissingExtraError: NeuroKit2 is not installed.
    """
    n_seconds = len(arousal)
    beats_s = beat_times(heart, arousal, rng)
    times_s = np.arange(round(n_seconds * ECG_RATE_HZ)) / ECG_RATE_HZ
    phase = np.interp(times_s, beats_s, np.arange(len(beats_s))) + BEFORE
    shapes = _beats()
    which = rng.integers(0, len(shapes), len(beats_s) + 2)[phase.astype(int)]
    curve = shapes[which, (phase % 1 * N_PHASES).astype(int)]
    wander = 0.1 * np.sin(2 * np.pi * heart.breath_hz * times_s + rng.uniform(0, 6)) * rng.uniform(0.5, 1.5)
    noisy: Series = curve + wander + heart.noise_mv * rng.standard_normal(len(times_s))
    return noisy


def beat_times(heart: Heart, arousal: Series, rng: np.random.Generator) -> Series:
    """When the heart beats, `(beats,)` s, from a little before the start to a little after the end of `(seconds,)`."""
    followed = np.empty(len(arousal))
    now = arousal[0]
    for second, wanted in enumerate(arousal):
        now += (wanted - now) / (heart.rise_s if wanted > now else heart.fall_s)
        followed[second] = now
    phases = rng.uniform(0, 2 * np.pi, 2)
    times = [-2.0]
    while times[-1] < len(arousal) + 2:
        t = times[-1]
        calmness = followed[int(np.clip(t, 0, len(arousal) - 1))]
        rate_hz = heart.rest_bpm * (1 + heart.gain * calmness) / 60
        depth = heart.variability * np.exp(-heart.calm * calmness)
        waves = np.sin(2 * np.pi * np.array([heart.breath_hz, SLOW_WAVE_HZ]) * t + phases).sum()
        times.append(t + (1 + depth * (waves + 0.5 * rng.standard_normal())) / rate_hz)
    return np.array(times)


@cache
def _beats() -> Series:
    """Beats of NeuroKit2's simulator (ecgsyn, McSharry et al. 2003), `(beats, phases)`, R peak at `BEFORE`."""
    try:
        import neurokit2
    except ImportError:
        raise MissingExtraError(
            "neurokit2 must be installed to simulate hearts but is not; pip install 'avse[stress]'"
        ) from None
    rate_hz = N_PHASES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        curve = neurokit2.ecg_simulate(
            duration=24,
            sampling_rate=rate_hz,
            heart_rate=60,
            heart_rate_std=0,
            noise=0,
            method="ecgsyn",
            random_state=1,
        )
    curve = np.asarray(curve, dtype=float)
    peaks = [
        start + int(np.argmax(curve[start : start + rate_hz]))
        for start in range(rate_hz, len(curve) - 2 * rate_hz, rate_hz)
    ]
    before = round(BEFORE * rate_hz)
    shapes = [curve[peak - before : peak - before + rate_hz] for peak in dict.fromkeys(peaks)]
    # Each begins and ends on the same line, so that no step is left between them.
    return np.stack([shape - np.linspace(shape[0], shape[-1], rate_hz) for shape in shapes])
