"""The short-time transform of a model's audio: one value instead of three numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StftConfig:
    """Rate and frames of a short-time Fourier transform with a periodic Hann window.

    Examples:
        >>> stft = StftConfig(window=512, hop=320, sample_rate=16000)
        >>> stft.n_freqs, stft.frame_rate_hz, stft.lookahead_s
        (257, 50.0, 0.016)
    """

    window: int
    """Samples in a window, also the transform's size."""
    hop: int
    """Samples between windows, at most `window`."""
    sample_rate: int
    """Hz."""

    @property
    def n_freqs(self) -> int:
        """Frequencies of the spectrum, with 0 Hz and half the sample rate."""
        return self.window // 2 + 1

    @property
    def frame_rate_hz(self) -> float:
        """Audio frames per second."""
        return self.sample_rate / self.hop

    @property
    def lookahead_s(self) -> float:
        """From a frame's centre to its end, in seconds."""
        return self.window / 2 / self.sample_rate
