"""Blocks of another length than those that a decoder gives."""

from collections.abc import Iterable, Iterator

import numpy as np

from avse.types import Waveform


def joined(blocks: Iterable[Waveform], n_samples: int) -> Iterator[Waveform]:
    """The same samples in blocks of one length, whatever lengths they come in.

    Args:
        blocks: `(channels, samples)` each.
        n_samples: samples per channel in each block but the last.

    Yields:
        `(channels, samples)`, none of them empty.

    Examples:
        >>> thirds = (np.full((1, 3), n, np.float32) for n in range(4))
        >>> [block.shape[1] for block in joined(thirds, 5)]
        [5, 5, 2]
    """
    waiting: list[Waveform] = []
    n_waiting = 0
    for block in blocks:
        waiting.append(block)
        n_waiting += block.shape[1]
        if n_waiting < n_samples:
            continue
        together = np.concatenate(waiting, axis=1) if len(waiting) > 1 else block
        for start in range(0, n_waiting - n_samples + 1, n_samples):
            yield np.ascontiguousarray(together[:, start : start + n_samples])
        waiting = [together[:, n_waiting - n_waiting % n_samples :]]
        n_waiting %= n_samples
    if n_waiting:
        yield np.concatenate(waiting, axis=1)
