"""The short-time Fourier transform block by block, in NumPy: the streaming twin of `avse.signal.stft`.

Whatever the blocks, joined results are those of the whole. Nothing here needs torch, so that small programs start fast.
"""

import numpy as np
import numpy.typing as npt

from avse.signal.clock import n_audio_frames
from avse.signal.stft_config import StftConfig
from avse.types import Spectrum, Waveform

TINY = np.float32(1e-11)
"""Below any sum of squared windows that carries audio."""


def hann(window: int) -> Waveform:
    """The periodic Hann window, `(window,)`."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


class StreamingSTFT:
    """Turns samples into frames as they come; frame `i` is centred on sample `i * hop`."""

    def __init__(self, config: StftConfig, *, n_channels: int) -> None:
        """Set up.

        Args:
            config: window and hop.
            n_channels: of every block.
        """
        self._window, self._hop, self._hann = config.window, config.hop, hann(config.window)
        self._waiting = np.zeros((n_channels, config.window // 2), dtype=np.float32)
        self._n_samples = self._n_frames = 0

    def push(self, block: Waveform) -> Spectrum:
        """Take samples, give the frames that they complete.

        Args:
            block: `(channels, samples)`.

        Returns:
            `(channels, freqs, frames)`, perhaps no frame.
        """
        self._n_samples += block.shape[1]
        self._waiting = np.concatenate([self._waiting, block], axis=1)
        n_frames = max(0, (self._waiting.shape[1] - self._window) // self._hop + 1)
        return self._take(n_frames)

    def finish(self) -> Spectrum:
        """Give the last frames, with zeros beyond the end, `(channels, freqs, frames)`."""
        n_frames = n_audio_frames(self._n_samples, hop=self._hop) - self._n_frames
        needed = (n_frames - 1) * self._hop + self._window
        missing = max(0, needed - self._waiting.shape[1])
        self._waiting = np.pad(self._waiting, ((0, 0), (0, missing)))
        return self._take(n_frames)

    def _take(self, n_frames: int) -> Spectrum:
        if n_frames == 0:
            return np.zeros((len(self._waiting), self._window // 2 + 1, 0), dtype=np.complex64)
        pieces = np.lib.stride_tricks.sliding_window_view(self._waiting, self._window, axis=1)
        windows = pieces[:, : n_frames * self._hop : self._hop][:, :n_frames]
        spectrum = np.fft.rfft(windows * self._hann, axis=-1).astype(np.complex64)
        self._waiting = self._waiting[:, n_frames * self._hop :]
        self._n_frames += n_frames
        return spectrum.transpose(0, 2, 1)


class StreamingISTFT:
    """Turns frames back into samples as they come: overlap-add, divided by the sum of squared windows."""

    def __init__(self, config: StftConfig, *, n_channels: int) -> None:
        """Set up; arguments as of `StreamingSTFT`."""
        self._window, self._hop, self._hann = config.window, config.hop, hann(config.window)
        self._sum = np.zeros((n_channels, config.window), dtype=np.float32)
        self._weight = np.zeros(config.window, dtype=np.float32)
        # What lies before the first sample is half a window of the first frame.
        self._surplus = config.window // 2

    def push(self, spectrum: Spectrum) -> Waveform:
        """Take frames, give the samples that no later frame reaches.

        Args:
            spectrum: `(channels, freqs, frames)`.

        Returns:
            `(channels, samples)`.
        """
        windows = np.fft.irfft(spectrum.transpose(0, 2, 1), self._window, axis=-1).astype(np.float32) * self._hann
        n_channels, n_frames = windows.shape[:2]
        length = n_frames * self._hop + self._window
        total = np.zeros((n_channels, length), dtype=np.float32)
        weight = np.zeros(length, dtype=np.float32)
        total[:, : self._window], weight[: self._window] = self._sum, self._weight
        for frame in range(n_frames):
            place = slice(frame * self._hop, frame * self._hop + self._window)
            total[:, place] += windows[:, frame]
            weight[place] += self._hann**2
        done = n_frames * self._hop
        self._sum, self._weight = total[:, done:], weight[done:]
        return self._without_surplus(total[:, :done] / np.maximum(weight[:done], TINY))

    def finish(self) -> Waveform:
        """Give the samples of the last window, `(channels, samples)`, the last of them perhaps beyond the recording."""
        return self._without_surplus(self._sum / np.maximum(self._weight, TINY))

    def _without_surplus(self, samples: npt.NDArray[np.floating]) -> Waveform:
        cut = min(self._surplus, samples.shape[1])
        self._surplus -= cut
        return samples[:, cut:].astype(np.float32, copy=False)
