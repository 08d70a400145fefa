"""Enhancement by statistics, without training: log-MMSE and the KLT subspace, on a noise estimate that needs no pause.

Ephraim and Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude estimator", IEEE Trans.
ASSP 33(2), 1985; Hu and Loizou, "A generalized subspace approach for enhancing speech corrupted by colored noise", IEEE
Trans. SAP 11(4), 2003. The noise is tracked as in Gerkmann and Hendriks, "Unbiased MMSE-based noise power estimation
with low complexity and low tracking delay", IEEE Trans. ASLP 20(4), 2012, where the papers wait for a pause.

Every output sample depends on input up to the end of its frame and on none after.
"""

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, toeplitz
from scipy.special import exp1

from avse.signal.decibel import power_ratio
from avse.signal.stft_config import StftConfig
from avse.signal.stft_stream import StreamingISTFT, StreamingSTFT
from avse.types import Waveform

Power = npt.NDArray[np.float64]

WINDOW_S = 0.02
"""Of log-MMSE's frames, half of which overlap."""
SMOOTHING = 0.98
"""Share of the frame before in the decision-directed prior SNR (Ephraim and Malah 1984)."""
LEAST_PRIOR_SNR = power_ratio(-25.0)
"""Keeps a little noise, which is kinder to the ear than chirps."""
SPEECH_SNR = power_ratio(15.0)
"""Prior SNR where there is speech, for the noise tracker; its authors' value."""
PRESENCE_SMOOTHING, NOISE_SMOOTHING, MOST_PRESENCE = 0.9, 0.8, 0.99
"""Of the noise tracker; its authors' values."""
TINY_POWER = 1e-12
"""Added to powers, against silence."""
SUBSPACE_S, FRAME_S = 0.004, 0.032
"""The subspace method's vectors, and the frames over which their covariance is taken."""
MOST_DISTORTION, LEAST_DISTORTION = 5.0, 1.0
"""Its weight of noise against distortion, from -5 dB down and from 20 dB up; the authors' values."""


class NoiseTracker:
    """The noise's power in each frequency, frame by frame, by how probable speech is there."""

    def __init__(self) -> None:
        """Begin; the first frame counts as noise."""
        self._noise: Power | None = None
        self._presence: Power | None = None

    def push(self, power: Power) -> Power:
        """Take the next frame.

        Args:
            power: `(freqs,)` of the noisy frame.

        Returns:
            `(freqs,)` the noise's.
        """
        if self._noise is None or self._presence is None:
            self._noise, self._presence = power + TINY_POWER, np.zeros_like(power)
            return self._noise
        ratio = power / self._noise
        probability = 1 / (1 + (1 + SPEECH_SNR) * np.exp(-np.minimum(ratio * SPEECH_SNR / (1 + SPEECH_SNR), 200)))
        self._presence = PRESENCE_SMOOTHING * self._presence + (1 - PRESENCE_SMOOTHING) * probability
        # Where speech seems to be for ever, the noise has become louder.
        probability = np.where(self._presence > MOST_PRESENCE, np.minimum(probability, MOST_PRESENCE), probability)
        estimate = probability * self._noise + (1 - probability) * power
        self._noise = NOISE_SMOOTHING * self._noise + (1 - NOISE_SMOOTHING) * estimate + TINY_POWER
        return self._noise


def log_mmse(noisy: Waveform, *, sample_rate: int) -> Waveform:
    """The log-spectral amplitude estimator with a decision-directed prior SNR.

    Args:
        noisy: `(samples,)`.
        sample_rate: Hz.

    Returns:
        `(samples,)`.
    """
    hop = max(1, round(WINDOW_S * sample_rate / 2))
    config = StftConfig(window=2 * hop, hop=hop, sample_rate=sample_rate)
    forward, back = StreamingSTFT(config, n_channels=1), StreamingISTFT(config, n_channels=1)
    spectrum = np.concatenate([forward.push(noisy[None]), forward.finish()], axis=2)[0]
    tracker, before = NoiseTracker(), np.zeros(hop + 1)
    gains = np.empty(spectrum.shape, dtype=np.float32)
    for number, power in enumerate(np.abs(spectrum.T.astype(np.complex128)) ** 2):
        noise = tracker.push(power)
        posterior = np.minimum(power / noise, 1e4)
        prior = SMOOTHING * before / noise + (1 - SMOOTHING) * np.maximum(posterior - 1, 0)
        prior = np.maximum(prior, LEAST_PRIOR_SNR)
        share = prior / (1 + prior)
        gain = share * np.exp(0.5 * exp1(np.maximum(share * posterior, 1e-8)))
        gains[:, number] = gain = np.minimum(gain, 1)
        before = gain**2 * power
    enhanced = spectrum * gains
    joined = np.concatenate([back.push(enhanced[None]), back.finish()], axis=1)
    waveform: Waveform = joined[0, : len(noisy)]
    return waveform


def subspace(noisy: Waveform, *, sample_rate: int) -> Waveform:
    """The generalised subspace method in the time domain.

    A vector's covariance and the noise's are brought to one diagonal form; directions with more than noise in them are
    kept in part, the others skipped.

    Args:
        noisy: `(samples,)`.
        sample_rate: Hz.

    Returns:
        `(samples,)`.
    """
    size, frame = round(SUBSPACE_S * sample_rate / 2) * 2, round(FRAME_S * sample_rate / 2) * 2
    hop, half = frame // 2, size // 2
    window, short = np.hanning(frame + 1)[:-1], np.hanning(size + 1)[:-1]
    padded = np.pad(noisy.astype(np.float64), (hop, frame + hop))
    enhanced = np.zeros_like(padded)
    tracker = NoiseTracker()
    for start in range(0, len(noisy) + hop, hop):
        piece = padded[start : start + frame]
        power = np.abs(np.fft.rfft(piece * window, 2 * frame)) ** 2
        noise = tracker.push(power)
        of_noisy, of_noise = (toeplitz(np.fft.irfft(each)[:size]) for each in (power, noise))
        of_noise += (1e-6 * of_noise[0, 0] + TINY_POWER) * np.eye(size)
        ratios, directions = eigh(of_noisy, of_noise)
        signal = np.maximum(ratios - 1, 0)
        gain = signal / (signal + _distortion(10 * np.log10(np.maximum(signal.mean(), 1e-10))))
        # H = V^-T G V^T, and V^-T is the noise's covariance times V.
        filtering = of_noise @ (directions * gain) @ directions.T
        places = np.arange(0, frame - size + 1, half)
        vectors = np.stack([piece[place : place + size] for place in places]) @ filtering.T
        joined, weight = np.zeros(frame), np.full(frame, 1e-9)
        for place, vector in zip(places, vectors, strict=True):
            joined[place : place + size] += short * vector
            weight[place : place + size] += short
        enhanced[start : start + frame] += window * joined / weight
    waveform: Waveform = enhanced[hop : hop + len(noisy)].astype(np.float32)
    return waveform


def _distortion(snr_db: float) -> float:
    """The weight of noise against distortion, falling from -5 to 20 dB."""
    return float(np.interp(snr_db, [-5, 20], [MOST_DISTORTION, LEAST_DISTORTION]))


METHODS = {"logmmse": log_mmse, "klt": subspace}
"""By the name that commands use."""
