"""Recordings as a page shows them: a player and a spectrogram each, within the page itself."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from avse.types import Waveform

RANGE_DB = 70.0
"""Of the spectrograms' colours below the loudest point of all that share a scale."""


def audio_address(waveform: Waveform, rate: int) -> str:
    """A 16-bit wav as a data address.

    Args:
        waveform: `(samples,)`; what is beyond full scale is clipped.
        rate: Hz.
    """
    file = io.BytesIO()
    soundfile.write(file, np.clip(waveform, -1, 1), rate, format="WAV", subtype="PCM_16")
    return data_address(file.getvalue(), "audio/wav")


def spectrogram_addresses(waveforms: Mapping[str, tuple[Waveform, int]]) -> dict[str, str]:
    """Images as data addresses, all on one scale of colours.

    Args:
        waveforms: `(samples,)` and Hz, by name.
    """
    from matplotlib.figure import Figure

    levels_db = {name: level_db(*waveform) for name, waveform in waveforms.items()}
    loudest_db = max((level.max() for level in levels_db.values()), default=0.0)
    images = {}
    for name, level in levels_db.items():
        figure = Figure(figsize=(4.2, 2.1), dpi=80, layout="constrained")
        axes = figure.subplots()
        waveform, rate = waveforms[name]
        draw_level(axes, level, loudest_db=loudest_db, duration_s=len(waveform) / rate, rate=rate)
        axes.set_xlabel("time, s", fontsize=8)
        axes.set_ylabel("frequency, kHz", fontsize=8)
        axes.tick_params(labelsize=7)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        images[name] = data_address(file.getvalue(), "image/png")
    return images


def level_db(waveform: Waveform, rate: int) -> npt.NDArray[np.floating]:
    """Level over time and frequency, `(freqs, frames)` dB, in windows of 32 ms every 8 ms.

    Args:
        waveform: `(samples,)`.
        rate: Hz.
    """
    from scipy.signal import ShortTimeFFT

    window, hop = max(2, rate * 32 // 1000), max(1, rate * 8 // 1000)
    transform = ShortTimeFFT(np.hanning(window), hop, fs=rate)
    padded = np.pad(waveform, (0, max(0, window - len(waveform))))  # it takes no less than half a window
    level: npt.NDArray[np.floating] = 20 * np.log10(np.abs(transform.stft(padded, p0=0)) + 1e-6)
    return level


def draw_level(axes: Any, level: npt.NDArray[np.floating], *, loudest_db: float, duration_s: float, rate: int) -> None:
    """Draw a spectrogram.

    Args:
        axes: where.
        level: `(freqs, frames)` of `level_db`.
        loudest_db: brightest colour; the darkest lies `RANGE_DB` below it.
        duration_s: of the waveform.
        rate: Hz.
    """
    axes.imshow(
        level, origin="lower", aspect="auto", cmap="magma", vmin=loudest_db - RANGE_DB, vmax=loudest_db,
        extent=(0.0, duration_s, 0.0, rate / 2000), interpolation="nearest",
    )  # fmt: skip


def data_address(content: bytes, kind: str) -> str:
    """A file's content as an address, so that a page needs nothing beside it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
