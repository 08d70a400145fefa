"""Loudness and true peak of a waveform that comes in blocks, by ITU-R BS.1770-4."""

import numpy as np
import numpy.typing as npt

from avse.signal.decibel import amplitude_ratio
from avse.signal.resample import StreamingResampler
from avse.types import Waveform

SHELF_HZ, SHELF_DB, SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
HIGH_PASS_HZ, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
"""The two filters in the time domain that have BS.1770's coefficients at 48 kHz (De Man 2014, Evaluation of
Implementations of the EBU R128 Loudness Measurement)."""
STEP_S = 0.1
STEPS_PER_BLOCK = 4
"""Gating blocks of 400 ms overlap by 75 % (BS.1770-4, Annex 1)."""
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
OVERSAMPLING = 4
"""Between samples the peak is found at four times the sample rate (BS.1770-4, Annex 2)."""


class LoudnessMeter:
    """Integrated loudness and true peak of all that was pushed.

    Examples:
        A sine of 997 Hz at full scale in one channel has -3.01 LUFS (BS.1770-4, Annex 1):

        >>> sine = np.sin(2 * np.pi * 997 * np.arange(48000) / 48000).astype(np.float32)
        >>> meter = LoudnessMeter(sample_rate=48000, n_channels=1)
        >>> meter.push(sine[None])
        >>> round(meter.loudness_lufs(), 2)
        -3.01
    """

    def __init__(self, *, sample_rate: int, n_channels: int) -> None:
        """Set up.

        Args:
            sample_rate: Hz.
            n_channels: of every block; 5 and 6 are those of 5.0 and 5.1, whose surrounds weigh more and whose
                low-frequency channel is not counted.
        """
        self._step = max(1, round(STEP_S * sample_rate))
        self._sos = k_weighting(sample_rate)
        self._state = np.zeros((len(self._sos), n_channels, 2))
        self._weights = channel_weights(n_channels)
        self._waiting = np.zeros(0)
        self._powers: list[npt.NDArray[np.float64]] = []
        self._peaks = TruePeak(sample_rate=sample_rate, n_channels=n_channels)
        self._peak = 0.0

    def push(self, block: Waveform) -> None:
        """Take samples, `(channels, samples)`, perhaps none."""
        if block.shape[1] == 0:  # sosfilt takes no empty array
            return
        from scipy.signal import sosfilt  # slow to import: a cold start does without

        weighted, self._state = sosfilt(self._sos, block, axis=-1, zi=self._state)
        power = np.concatenate([self._waiting, self._weights @ np.square(weighted)])
        whole = len(power) // self._step * self._step
        self._powers.append(power[:whole].reshape(-1, self._step).mean(axis=1))
        self._waiting = power[whole:]
        self._peak = max(self._peak, float(self._peaks.push(block).max(initial=0)))

    def loudness_lufs(self) -> float:
        """Integrated loudness, LUFS; minus infinity where no block of 400 ms is above the absolute gate."""
        steps = np.concatenate([np.zeros(0), *self._powers])
        if len(steps) < STEPS_PER_BLOCK:
            return -np.inf
        blocks = np.convolve(steps, np.full(STEPS_PER_BLOCK, 1 / STEPS_PER_BLOCK), mode="valid")
        kept = blocks[_lufs(blocks) > ABSOLUTE_GATE_LUFS]
        if len(kept) == 0:
            return -np.inf
        kept = kept[_lufs(kept) > _lufs(kept.mean()) + RELATIVE_GATE_LU]
        return float(_lufs(kept.mean()))

    def finish(self) -> None:
        """Take the end into the peak; no sample may be pushed after it."""
        self._peak = max(self._peak, float(self._peaks.finish().max(initial=0)))

    def true_peak_db(self) -> float:
        """Largest magnitude of the waveform between samples, dB of full scale (dBTP); minus infinity for silence."""
        return float(20 * np.log10(self._peak)) if self._peak > 0 else -np.inf


class TruePeak:
    """Magnitude of a waveform between its samples, block by block."""

    def __init__(self, *, sample_rate: int, n_channels: int) -> None:
        """Set up.

        Args:
            sample_rate: Hz.
            n_channels: of every block.
        """
        self._up = StreamingResampler(
            source_rate=sample_rate, target_rate=OVERSAMPLING * sample_rate, n_channels=n_channels
        )
        self._waiting = np.zeros((n_channels, 0), dtype=np.float32)
        self._samples = np.zeros((n_channels, 0), dtype=np.float32)

    def push(self, block: Waveform) -> npt.NDArray[np.float64]:
        """Take samples, `(channels, samples)`; give the largest magnitude around each, `(samples,)`, perhaps later."""
        self._samples = np.concatenate([self._samples, block], axis=1)
        return self._take(self._up.push(block))

    def finish(self) -> npt.NDArray[np.float64]:
        """Give the rest, `(samples,)`: in all, as many as there were samples."""
        rest = np.concatenate([self._waiting, self._up.finish()], axis=1)
        self._waiting = np.zeros((len(rest), 0), dtype=np.float32)
        missing = OVERSAMPLING * self._samples.shape[1] - rest.shape[1]
        return self._take(np.pad(rest, ((0, 0), (0, max(0, missing))))[:, : OVERSAMPLING * self._samples.shape[1]])

    def _take(self, oversampled: Waveform) -> npt.NDArray[np.float64]:
        between = np.concatenate([self._waiting, oversampled], axis=1)
        n_samples = min(between.shape[1] // OVERSAMPLING, self._samples.shape[1])
        samples, self._samples = self._samples[:, :n_samples], self._samples[:, n_samples:]
        self._waiting = between[:, OVERSAMPLING * n_samples :]
        peaks = np.abs(between[:, : OVERSAMPLING * n_samples]).reshape(len(between), n_samples, OVERSAMPLING)
        largest: npt.NDArray[np.float64] = np.maximum(np.abs(samples), peaks.max(axis=2)).max(axis=0).astype(np.float64)
        return largest


def channel_weights(n_channels: int) -> npt.NDArray[np.float64]:
    """Weights of the channels' powers, `(channels,)` (BS.1770-4, table 3), in the order of WAV files."""
    if n_channels == 5:
        return np.array([1, 1, 1, 1.41, 1.41])
    if n_channels == 6:
        return np.array([1, 1, 1, 0, 1.41, 1.41])
    return np.ones(n_channels)


def k_weighting(sample_rate: int) -> npt.NDArray[np.float64]:
    """The filters that weigh frequencies as the ear does, as second-order sections `(2, 6)`.

    Args:
        sample_rate: Hz; at 48000 the coefficients are those of BS.1770-4, tables 1 and 2.
    """
    shelf, high_pass = _shelf(sample_rate), _high_pass(sample_rate)
    return np.array([shelf, high_pass])


def _shelf(sample_rate: int) -> list[float]:
    # Rates below 3.4 kHz do not hold the shelf's corner.
    k = np.tan(np.pi * min(SHELF_HZ / sample_rate, 0.49))
    high = amplitude_ratio(SHELF_DB)
    band = high**0.4996667741545416
    scale = 1 + k / SHELF_Q + k * k
    return [
        (high + band * k / SHELF_Q + k * k) / scale, 2 * (k * k - high) / scale,
        (high - band * k / SHELF_Q + k * k) / scale,
        1.0, 2 * (k * k - 1) / scale, (1 - k / SHELF_Q + k * k) / scale,
    ]  # fmt: skip


def _high_pass(sample_rate: int) -> list[float]:
    k = np.tan(np.pi * HIGH_PASS_HZ / sample_rate)
    scale = 1 + k / HIGH_PASS_Q + k * k
    return [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / scale, (1 - k / HIGH_PASS_Q + k * k) / scale]


def _lufs(power: npt.NDArray[np.float64] | np.floating) -> npt.NDArray[np.float64]:
    """Loudness of a weighted power (BS.1770-4, eq. 2)."""
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(power, 1e-20)))
