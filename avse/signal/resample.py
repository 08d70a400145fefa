"""Sample rate conversion, by soxr: whole, or block by block with the same result."""

import numpy as np
import numpy.typing as npt
import soxr


def resample(waveform: npt.NDArray[np.float32], *, source_rate: int, target_rate: int) -> npt.NDArray[np.float32]:
    """Convert a waveform to another sample rate.

    Args:
        waveform: `(samples,)`.
        source_rate: Hz of `waveform`.
        target_rate: Hz wanted.

    Returns:
        `(samples * target_rate / source_rate,)`, rounded, without delay.

    Examples:
        >>> resample(np.zeros(48000, np.float32), source_rate=48000, target_rate=16000).shape
        (16000,)
    """
    if source_rate == target_rate:
        return waveform
    converted: npt.NDArray[np.float32] = soxr.resample(waveform, source_rate, target_rate)
    return converted.astype(np.float32, copy=False)


class StreamingResampler:
    """Converts a recording block by block; joined, the blocks are what `resample` makes of the whole."""

    def __init__(self, *, source_rate: int, target_rate: int, n_channels: int) -> None:
        """Set up.

        Args:
            source_rate: Hz of the blocks.
            target_rate: Hz wanted.
            n_channels: of every block.
        """
        self._n_channels = n_channels
        self._stream = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, n_channels, dtype="float32")
        )

    def push(self, block: npt.NDArray[np.float32], *, last: bool = False) -> npt.NDArray[np.float32]:
        """Take samples, give those that they complete.

        Args:
            block: `(channels, samples)`.
            last: these end the recording.

        Returns:
            `(channels, samples)`, perhaps none.
        """
        if self._stream is None:
            return block
        converted = self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last)
        return np.asarray(converted, dtype=np.float32).reshape(-1, self._n_channels).T

    def finish(self) -> npt.NDArray[np.float32]:
        """Give the rest, `(channels, samples)`."""
        return self.push(np.zeros((self._n_channels, 0), dtype=np.float32), last=True)
