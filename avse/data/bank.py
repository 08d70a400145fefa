"""Recordings held in memory, for mixing without touching the disk."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from avse.data.manifest import Item
from avse.data.mix import Waveform
from avse.errors import ConfigError
from avse.media.audio import read_audio
from avse.signal.resample import resample


def read_mono(path: Path, *, sample_rate: int) -> Waveform:
    """Read a file's sound at one rate, the mean of its channels.

    Args:
        path: a sound file or a container with sound.
        sample_rate: Hz wanted.

    Returns:
        `(samples,)`.
    """
    waveform, rate = read_audio(path)
    mono = waveform.mean(axis=0, dtype=np.float32)
    return mono if rate == sample_rate else resample(mono, source_rate=rate, target_rate=sample_rate)


class WaveformBank:
    """Waveforms of manifest items, read once."""

    def __init__(
        self,
        items: Iterable[Item],
        *,
        root: Path,
        sample_rate: int,
        progress: Callable[[Sequence[Item]], Iterable[Item]] = iter,
    ) -> None:
        """Read all items.

        Args:
            items: what to read.
            root: folder that the items' paths start from.
            sample_rate: Hz to hold them at.
            progress: wraps the items, to show how far the reading is.
        """
        self.items = list(items)
        self.waveforms = [read_mono(root / item.audio, sample_rate=sample_rate) for item in progress(self.items)]
        silent = [i.id for i, waveform in zip(self.items, self.waveforms, strict=True) if not waveform.any()]
        if silent:
            raise ConfigError(f"recordings must not be silent but {', '.join(silent)} is; take it out of the manifest")

    def __len__(self) -> int:
        return len(self.items)
