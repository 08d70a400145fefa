"""Before and after for one player: both in one file, equally loud, so that switching needs no second player."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avse.media.audio import AudioReader, AudioWriter
from avse.signal.decibel import amplitude_ratio
from avse.signal.loudness import LoudnessMeter
from avse.types import Waveform


@dataclass(frozen=True)
class Comparison:
    """What the player plays."""

    path: Path
    """Two channels: before, after; each the mean of the recording's channels."""
    sample_rate: int
    """Hz."""
    duration_s: float
    before_lufs: float
    """Integrated loudness before the levels were matched, LUFS."""
    after_lufs: float


def write_comparison(path: Path, *, before: Path, after: Path, signs: npt.NDArray[np.float32]) -> Comparison:
    """Write before and after as two channels of one file, the louder one lowered to the loudness of the other.

    Args:
        path: WAV file to write.
        before: noisy audio, or a container with it.
        after: enhanced audio, of the same rate, channels and length.
        signs: `(channels,)` +-1, for their mean not to cancel.

    Raises:
        MediaError: a file cannot be read or written.
    """
    loudness = [_loudness_lufs(source, signs) for source in (before, after)]
    known = [value for value in loudness if np.isfinite(value)]
    target = min(known) if len(known) == 2 else None
    gains = [np.float32(1 if target is None else amplitude_ratio(target - value)) for value in loudness]
    n_samples = 0
    with ExitStack() as stack:
        readers = [stack.enter_context(AudioReader(source)) for source in (before, after)]
        rate = readers[0].info.sample_rate
        writer = stack.enter_context(AudioWriter(path, sample_rate=rate, n_channels=2, force=True))
        sources = [_scaled(reader, signs, gain) for reader, gain in zip(readers, gains, strict=True)]
        for pair in _in_step(*sources):
            writer.write(pair)
            n_samples += pair.shape[1]
    return Comparison(path, rate, n_samples / rate, loudness[0], loudness[1])


def _scaled(reader: AudioReader, signs: npt.NDArray[np.float32], gain: np.float32) -> Iterator[Waveform]:
    for block in reader.blocks():
        yield gain * _mono(block, signs)


def _in_step(before: Iterator[Waveform], after: Iterator[Waveform]) -> Iterator[Waveform]:
    """Two signals that come in blocks `(samples,)` of other lengths as `(2, samples)`, up to the end of the shorter."""
    waiting = [np.zeros(0, np.float32), np.zeros(0, np.float32)]
    while True:
        for row, source in enumerate((before, after)):
            if not len(waiting[row]):
                waiting[row] = next(source, waiting[row])
        n = min(len(part) for part in waiting)
        if n == 0:
            return
        yield np.stack([part[:n] for part in waiting])
        waiting = [part[n:] for part in waiting]


def _loudness_lufs(path: Path, signs: npt.NDArray[np.float32]) -> float:
    with AudioReader(path) as reader:
        meter = LoudnessMeter(sample_rate=reader.info.sample_rate, n_channels=1)
        for block in reader.blocks():
            meter.push(_mono(block, signs)[None])
    return meter.loudness_lufs()


def _mono(block: Waveform, signs: npt.NDArray[np.float32]) -> Waveform:
    return np.asarray(np.mean(signs[:, None] * block, axis=0), dtype=np.float32)
