"""Gains of the frequencies above the model's, by what the model keeps below them and by their own noise floor.

The model works at its own rate. The octave below its upper end tells when there is speech; how much of it stands out of
the noise above, in bands of their own, only the recording itself can tell. A band's gain is the product of both:
`presence * max(floor, sqrt(1 - OVER * noise / power))`, spectral subtraction (Berouti et al. 1979) of a noise that is
the least smoothed power of the last seconds (Martin 2001). It rises at once, so that the onset of an /s/ is kept, and
falls slowly, so that the noise does not pump. The floor is `LEAST`, or the least that the model kept in those seconds:
where it finds no noise below, none is subtracted above.
"""

from collections import deque

import numpy as np
import numpy.typing as npt

from avse.types import Waveform

EDGES_HZ = (8000.0, 10500.0, 14000.0)
"""Lower edges of the bands; the last reaches to the end of the spectrum."""
FULL = 0.5
"""Share of its amplitude from which on speech counts as fully there: a mask errs towards the mean."""
OVER, LEAST = 1.25, 0.3
"""The least power lies a little below the mean; what is left of the noise hides how it changes."""
MEMORY_S, LISTEN_S, SMOOTH_S = 1.5, 0.4, 0.05
"""How long the least power is remembered, longer than any /s/; how much of a recording is heard before it is believed;
and over what the power is smoothed."""
RELEASE_S = 0.05
TAPS = 97
"""Of the filters; their delay must be shorter than half a hop of the model."""


class HighBand:
    """Takes the recording and the model's gains as they come, gives the gained high band."""

    def __init__(self, *, sample_rate: int, n_channels: int, hop: float, model_rate: int) -> None:
        """Set up.

        Args:
            sample_rate: Hz of the recording.
            n_channels: of the recording.
            hop: samples of the recording between two frames of the model.
            model_rate: Hz of the model.
        """
        self._hop, self._n_channels = hop, n_channels
        nyquist = sample_rate / 2
        edges = [edge for edge in EDGES_HZ if max(edge, model_rate / 2) < 0.9 * nyquist]
        self._filters = [_band(low, edges[row + 1] if row + 1 < len(edges) else None, sample_rate)
                         for row, low in enumerate(edges)]  # fmt: skip
        self._before = np.zeros((n_channels, TAPS - 1))
        n_bands = max(1, len(edges))
        self._bands = np.zeros((n_bands, n_channels, 0), dtype=np.float32)
        self._surplus = TAPS // 2
        self._gains = np.zeros((n_bands, 0))
        self._first_frame = self._position = self._n_frames = 0
        self._rule = _Rule(n_bands, hop_s=hop / sample_rate, full=FULL if edges else 1.0)

    def listen(self, block: Waveform) -> None:
        """Take samples of the recording, `(channels, samples)`."""
        if self._filters and block.shape[1]:
            self._append(block.astype(np.float64))

    def finish(self) -> None:
        """Take the end of the recording."""
        if self._filters:
            self._append(np.zeros((self._n_channels, TAPS // 2)))

    def push(self, kept: npt.NDArray[np.floating], scales: npt.NDArray[np.floating]) -> None:
        """Take frames of the model, for which the samples half a hop beyond must have been taken.

        Args:
            kept: `(frames,)` share of the power of the octave below that the model keeps, 0 to 1.
            scales: `(frames,)` what the enhanced frames were multiplied with besides.
        """
        gains = [self._frame_gain(float(share), float(scale)) for share, scale in zip(kept, scales, strict=True)]
        if gains:
            self._gains = np.concatenate([self._gains, np.array(gains).T], axis=1)

    def take(self, high: Waveform) -> Waveform:
        """Apply the gains to the next samples of all that lies above the model's frequencies.

        Args:
            high: `(channels, samples)`.

        Returns:
            `(channels, samples)`.
        """
        n_samples = high.shape[1]
        frames = (self._position + np.arange(n_samples)) / self._hop - self._first_frame
        own = np.arange(self._gains.shape[1])
        gains = [np.interp(frames, own, row).astype(np.float32) for row in self._gains] if len(own) else []
        bands = self._bands[:, :, self._position - self._start : self._position - self._start + n_samples]
        self._position += n_samples
        self._forget()
        if not gains:
            return high
        # What the filters leave, at their edges, goes with the lowest band.
        gained = gains[0] * high
        for band, gain in zip(bands[1:], gains[1:], strict=True):
            gained += (gain - gains[0]) * band
        return gained

    @property
    def _start(self) -> int:
        """Sample that the stored bands begin with."""
        return self._dropped

    _dropped = 0

    def _append(self, block: npt.NDArray[np.float64]) -> None:
        extended = np.concatenate([self._before, block], axis=1)
        self._before = extended[:, extended.shape[1] - (TAPS - 1) :]
        filtered = [
            [np.convolve(channel, taps, "valid")[self._surplus :] for channel in extended] for taps in self._filters
        ]
        self._surplus = max(0, self._surplus - block.shape[1])
        self._bands = np.concatenate([self._bands, np.array(filtered, dtype=np.float32)], axis=2)

    def _frame_gain(self, kept: float, scale: float) -> npt.NDArray[np.float64]:
        centre = self._n_frames * self._hop
        self._n_frames += 1
        low, high = (round(centre + side * self._hop / 2) - self._start for side in (-1, 1))
        stretch = self._bands[:, :, max(0, low) : max(0, high)]
        power = np.square(stretch, dtype=np.float64).mean(axis=(1, 2)) if stretch.shape[2] else np.zeros(len(stretch))
        return scale * self._rule.gain(power, kept)

    def _forget(self) -> None:
        passed = max(0, int(self._position / self._hop) - self._first_frame - 1)
        self._gains, self._first_frame = self._gains[:, passed:], self._first_frame + passed
        keep_from = min(self._position, round((self._n_frames - 1) * self._hop))
        if (surplus := keep_from - self._start) > 0 and self._filters:
            self._bands, self._dropped = self._bands[:, :, surplus:], self._dropped + surplus


class _Rule:
    """From powers and the model's share to gains, frame by frame."""

    def __init__(self, n_bands: int, *, hop_s: float, full: float) -> None:
        self._full = full
        self._smooth = np.zeros(n_bands)
        self._n_frames, self._n_least = max(1, round(MEMORY_S / hop_s)), max(1, round(LISTEN_S / hop_s))
        self._powers: deque[npt.NDArray[np.float64]] = deque(maxlen=self._n_frames)
        self._kept: deque[float] = deque(maxlen=self._n_frames)
        self._gain = np.zeros(n_bands)
        self._share = 1 - np.exp(-hop_s / SMOOTH_S)
        self._release = np.exp(-hop_s / RELEASE_S)

    def gain(self, power: npt.NDArray[np.float64], kept: float) -> npt.NDArray[np.float64]:
        """The gains of a frame, `(bands,)`."""
        own = np.sqrt(np.maximum(1 - OVER * self._noise(power) / np.maximum(power, 1e-15), 0))
        presence = min(1.0, np.sqrt(kept) / self._full)
        self._kept.append(kept)
        floor = max(LEAST, np.sqrt(min(self._kept)))
        self._gain = np.maximum(presence * np.maximum(own, floor), self._release * self._gain)
        return np.minimum(self._gain, 1)

    def _noise(self, power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        self._smooth = self._smooth + self._share * (power - self._smooth) if self._powers else power
        self._powers.append(self._smooth)
        least: npt.NDArray[np.float64] = np.min(self._powers, axis=0)
        return least if len(self._powers) >= self._n_least else np.zeros(len(power))


def _band(low_hz: float, high_hz: float | None, sample_rate: int) -> npt.NDArray[np.float64]:
    """Taps of a windowed sinc (Hamming) with gain 1 in the middle of its band, or at the end of the spectrum.

    Those of `scipy.signal.firwin`, whose import takes longer than a short file.
    """
    low, high = 2 * low_hz / sample_rate, 1.0 if high_hz is None else 2 * high_hz / sample_rate
    middle = 1.0 if high_hz is None else (low + high) / 2
    times = np.arange(TAPS) - TAPS // 2
    taps = (high * np.sinc(high * times) - low * np.sinc(low * times)) * np.hamming(TAPS)
    scaled: npt.NDArray[np.float64] = taps / (taps @ np.cos(np.pi * middle * times))
    return scaled
