"""Spectrograms of a whole recording as wide as a page, in bounded memory."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avse.media.audio import AudioReader
from avse.report.views import data_address, draw_level, level_db

WIDTH = 1000
"""Columns of the image at most."""
BLOCK_COLUMNS = 100
"""Columns that are computed at once."""
HOP_S = 0.008
"""Of `avse.report.views.level_db`."""


def spectrogram_addresses(path: Path, *, duration_s: float) -> list[str]:
    """One image for each channel of a file, as data addresses, without margins, all on one scale of colours.

    Args:
        path: audio file.
        duration_s: of the file.

    Raises:
        MediaError: it cannot be read.
    """
    from matplotlib.figure import Figure

    levels, rate = _levels(path, n_pooled=max(1, round(duration_s / HOP_S / WIDTH)))
    loudest_db = max(float(level.max()) for level in levels)
    addresses = []
    for level in levels:
        figure = Figure(figsize=(10, 1.4), dpi=80)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        draw_level(axes, level, loudest_db=loudest_db, duration_s=duration_s, rate=rate)
        axes.set_axis_off()
        file = io.BytesIO()
        figure.savefig(file, format="png")
        addresses.append(data_address(file.getvalue(), "image/png"))
    return addresses


def _levels(path: Path, *, n_pooled: int) -> tuple[list[npt.NDArray[np.floating]], int]:
    """Level of each channel, `(freqs, about WIDTH)` dB, and the sample rate."""
    with AudioReader(path) as reader:
        rate = reader.info.sample_rate
        hop = round(HOP_S * rate)
        blocks = [
            [_pooled(level_db(channel, rate)[:, : -(-len(channel) // hop)], n_pooled) for channel in block]
            for block in reader.blocks(hop * n_pooled * BLOCK_COLUMNS)
        ]
    return [np.concatenate(channel, axis=1) for channel in zip(*blocks, strict=True)], rate


def _pooled(level: npt.NDArray[np.floating], n: int) -> npt.NDArray[np.floating]:
    """The largest level of `n` neighbouring frames."""
    padded = np.pad(level, ((0, 0), (0, -level.shape[1] % n)), mode="edge")
    return np.asarray(padded.reshape(len(level), -1, n).max(axis=2))
