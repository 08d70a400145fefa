"""Sample rate conversion, by soxr: whole, or block by block with the same result."""

from collections.abc import Iterable, Iterator

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
    """
    if source_rate == target_rate:
        return waveform
    converted: npt.NDArray[np.float32] = soxr.resample(waveform, source_rate, target_rate)
    return converted.astype(np.float32, copy=False)


def resample_blocks(
    blocks: Iterable[npt.NDArray[np.float32]], *, source_rate: int, target_rate: int, n_channels: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Convert a recording block by block; joined, the blocks are what converting the whole gives.

    Args:
        blocks: `(channels, samples)` each.
        source_rate: Hz of the blocks.
        target_rate: Hz wanted.
        n_channels: of every block.

    Yields:
        `(channels, samples)`, of any length, the first ones perhaps empty.
    """
    if source_rate == target_rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(source_rate, target_rate, n_channels, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block.T)).reshape(-1, n_channels).T
    empty = np.zeros((0, n_channels), dtype=np.float32)
    yield stream.resample_chunk(empty, last=True).reshape(-1, n_channels).T
