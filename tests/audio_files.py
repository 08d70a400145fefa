"""Audio files that tests write."""

from pathlib import Path

import numpy as np

from avse.media.audio import AudioWriter

RATE = 16000
ROOT = Path(__file__).parents[1]


def write_audio(path: Path, waveform, rate, *, subtype="PCM_16"):
    """Write `(samples,)` or `(channels, samples)`."""
    waveform = np.atleast_2d(waveform).astype(np.float32)
    with AudioWriter(path, sample_rate=rate, n_channels=len(waveform), subtype=subtype) as writer:
        writer.write(waveform)
