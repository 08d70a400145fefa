"""What rooms, microphones and lines do to audio, at random, each draw from a generator that makes it repeatable."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.signal import butter, fftconvolve, sosfilt

from avse.data.augment import bernoulli
from avse.data.mix import mix
from avse.signal.decibel import amplitude_ratio
from avse.types import Waveform


@dataclass(frozen=True)
class ChannelConfig:
    """How often what happens to a recording. Probabilities are in [0, 1]."""

    colour_probability: float = 0.6
    """Chance that speech and noise are each coloured, as by another microphone or another voice."""
    colour_db: float = 4.0
    """Standard deviation of the colour's gains, dB."""
    reverberation_probability: float = 0.3
    """Chance that talker and noise are in a room; the target keeps its early reflections."""
    measured_share: float = 0.3
    """Share of the rooms that are measured ones; the others are synthetic."""
    level_db_min: float = -42.0
    """Least level of the noisy audio, dB under full scale."""
    level_db_max: float = -12.0
    """Largest level."""
    narrow_probability: float = 0.08
    """Chance that all comes through a line of 3.4 to 7 kHz."""
    clip_probability: float = 0.05
    """Chance that the noisy audio's peaks are cut off."""
    codec_probability: float = 0.05
    """Chance that the noisy audio went through an 8-bit telephone codec."""


class Channel:
    """Mixes speech and noise as a microphone somewhere would hear them."""

    def __init__(self, config: ChannelConfig, *, responses: list[Waveform], sample_rate: int) -> None:
        """Set up.

        Args:
            config: how often what happens.
            responses: of measured rooms.
            sample_rate: Hz.
        """
        self.config, self.sample_rate = config, sample_rate
        self.responses = [trim_response(response) for response in responses]

    def mix(
        self, speech: Waveform, noise: Waveform, *, snr_db: float, rng: np.random.Generator
    ) -> tuple[Waveform, Waveform]:
        """Noisy audio, and the clean speech in it at the same level, `(samples,)` both."""
        config = self.config
        if bernoulli(config.colour_probability, rng):
            speech = equalise(speech, rng.normal(0, config.colour_db, size=9))
            noise = equalise(noise, rng.normal(0, config.colour_db, size=9))
        clean = speech
        if bernoulli(config.reverberation_probability, rng):
            response = self._response(rng)
            clean = reverberate(speech, response[: int(EARLY_S * self.sample_rate)])
            speech, noise = reverberate(speech, response), reverberate(noise, self._response(rng))
        noisy = mix(speech, noise, snr_db=snr_db)
        level_db = rng.uniform(config.level_db_min, config.level_db_max)
        gain = np.float32(amplitude_ratio(level_db) / np.sqrt(np.mean(np.square(noisy, dtype=np.float64))))
        noisy, clean = gain * noisy, gain * clean
        if bernoulli(config.narrow_probability, rng):
            top_hz = rng.uniform(3400, 7000)
            noisy, clean = (
                limit_band(signal, top_hz=top_hz, sample_rate=self.sample_rate) for signal in (noisy, clean)
            )
        if bernoulli(config.clip_probability, rng):
            noisy = clip(noisy, share=rng.uniform(0.2, 0.8))
        if bernoulli(config.codec_probability, rng):
            noisy = mu_law(noisy)
        return noisy, clean

    def _response(self, rng: np.random.Generator) -> Waveform:
        if self.responses and rng.random() < self.config.measured_share:
            return self.responses[rng.integers(len(self.responses))]
        return simulate_response(rng, sample_rate=self.sample_rate)


EARLY_S = 0.05
"""Reflections up to this long after the direct sound help understanding, and are left in the target."""


def simulate_response(rng: np.random.Generator, *, sample_rate: int) -> Waveform:
    """A synthetic room response: the direct sound, then noise that dies away (Polack 1988).

    Args:
        rng: source of randomness; draws a reverberation time of 0.15 to 0.8 s and how far the talker is.
        sample_rate: Hz.

    Returns:
        `(samples,)`, the direct sound first.
    """
    decay_s = rng.uniform(0.15, 0.8)
    times_s = np.arange(int(decay_s * sample_rate)) / sample_rate
    response = rng.standard_normal(len(times_s)) * 10 ** (-3 * times_s / decay_s)
    response[: int(0.002 * sample_rate)] = 0
    response *= amplitude_ratio(-rng.uniform(-3, 12)) / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    return response.astype(np.float32)


def trim_response(response: Waveform) -> Waveform:
    """A measured response `(samples,)` from its direct sound on, scaled so that this is 1 in size."""
    direct = int(np.argmax(np.abs(response)))
    trimmed: Waveform = response[direct:] / np.abs(response[direct])
    return trimmed


def reverberate(waveform: Waveform, response: Waveform) -> Waveform:
    """Audio in a room, as long as without it, `(samples,)`."""
    echoing: Waveform = fftconvolve(waveform, response)[: len(waveform)].astype(np.float32)
    return echoing


def equalise(waveform: Waveform, gains_db: npt.NDArray[np.float64]) -> Waveform:
    """Give an audio signal another colour.

    Args:
        waveform: `(samples,)`.
        gains_db: at frequencies that are evenly spaced by the square root, low to high.
    """
    spectrum = fft.rfft(waveform)
    position = np.sqrt(np.linspace(0, 1, len(spectrum))) * (len(gains_db) - 1)
    curve_db = np.interp(position, np.arange(len(gains_db)), gains_db)
    gains = amplitude_ratio(curve_db).astype(np.float32)
    coloured: Waveform = fft.irfft(spectrum * gains, len(waveform)).astype(np.float32)
    return coloured


def limit_band(waveform: Waveform, *, top_hz: float, sample_rate: int) -> Waveform:
    """What a line of a low sample rate lets through of `(samples,)`."""
    sections = butter(6, top_hz, output="sos", fs=sample_rate)
    limited: Waveform = sosfilt(sections, waveform).astype(np.float32)
    return limited


def mu_law(waveform: Waveform) -> Waveform:
    """What an 8-bit telephone codec leaves of `(samples,)` (ITU-T G.711, mu = 255), full scale +-1."""
    compressed = np.sign(waveform) * np.log1p(255 * np.minimum(np.abs(waveform), 1)) / np.log(256)
    coarse = np.round(compressed * 127) / 127
    decoded: Waveform = (np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255).astype(np.float32)
    return decoded


def clip(waveform: Waveform, *, share: float) -> Waveform:
    """Cut off peaks of `(samples,)` above a share of the largest."""
    top = share * float(np.max(np.abs(waveform)))
    return np.clip(waveform, -top, top)
