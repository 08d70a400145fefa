"""Speech plus noise at a chosen SNR: the one place where mixtures are made."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from avse.errors import InputError
from avse.signal.clock import samples_from_seconds
from avse.signal.decibel import power_ratio
from avse.types import Waveform

LEAST_LEVEL = 0.1
"""A piece must hold a tenth of its recording's own level, -20 dB, to count as sounding."""
N_TRIES = 20
"""Pieces that are drawn before one that sounds is no longer searched for."""


class Piece(NamedTuple):
    """A stretch of a recording."""

    offset: int
    """Its first sample in the recording."""
    waveform: Waveform
    """`(samples,)`."""


def mix(speech: Waveform, noise: Waveform, *, snr_db: float) -> Waveform:
    """Add noise to speech at a chosen signal-to-noise ratio.

    Only the noise is scaled, so scores against `speech` need no level correction.

    Args:
        speech: `(samples,)` clean waveform.
        noise: `(samples,)`, as long as `speech`.
        snr_db: ratio of the mean powers over the whole length; 0 is equal power, larger is cleaner.

    Returns:
        `(samples,)`; may exceed full scale.

    Raises:
        InputError: lengths differ, or a signal is silent (SNR undefined).
    """
    if speech.shape != noise.shape:
        raise InputError(
            f"noise must be as long as speech but is {noise.shape[-1]} samples against {speech.shape[-1]}; "
            "cut or loop it before mixing"
        )
    speech_power = np.mean(np.square(speech, dtype=np.float64))
    noise_power = np.mean(np.square(noise, dtype=np.float64))
    if speech_power == 0 or noise_power == 0:
        silent = "speech" if speech_power == 0 else "noise"
        raise InputError(f"{silent} must not be silent, for the SNR is undefined then; choose another piece")
    gain = np.sqrt(speech_power / noise_power * power_ratio(-snr_db))
    noisy: Waveform = speech + (gain * noise).astype(np.float32)
    return noisy


def cut_looped(noise: Waveform, *, offset: int, n_samples: int) -> Waveform:
    """A piece of a noise, repeated end to end until it is long enough.

    Args:
        noise: `(samples,)`, at least one sample.
        offset: first sample of the piece, at least 0.
        n_samples: length of the piece.

    Returns:
        `(n_samples,)`.
    """
    repeats = -(-(offset + n_samples) // len(noise))
    return np.tile(noise, repeats)[offset : offset + n_samples]


def is_sounding(piece: Waveform, *, recording: Waveform) -> bool:
    """Whether a piece of a recording is no pause: field recordings are often padded with silence.

    Args:
        piece: `(samples,)`.
        recording: `(samples,)` all of it.

    Returns:
        True if the piece's standard deviation is over `LEAST_LEVEL` of the recording's.
    """
    return bool(np.std(piece) > LEAST_LEVEL * np.std(recording))


def sounding_piece(draw: Callable[[], tuple[Waveform, int]], *, n_samples: int) -> Piece | None:
    """The first piece drawn that is no pause.

    Args:
        draw: gives a recording `(samples,)` and the first sample of a piece, at random.
        n_samples: length of the piece.

    Returns:
        The piece, `(n_samples,)`; None if `N_TRIES` pieces were pauses.
    """
    for _ in range(N_TRIES):
        recording, offset = draw()
        piece = cut_looped(recording, offset=offset, n_samples=n_samples)
        if is_sounding(piece, recording=recording):
            return Piece(offset, piece)
    return None


def sum_at_equal_level(noises: list[Waveform]) -> Waveform:
    """Sum of noises, each scaled to a root mean square of 1 first.

    Args:
        noises: each `(samples,)`, all of one length.

    Raises:
        InputError: one of them is silent.
    """
    total = np.zeros(len(noises[0]))
    for noise in noises:
        rms = np.sqrt(np.mean(np.square(noise, dtype=np.float64)))
        if rms == 0:
            raise InputError("a noise must not be silent, for its level is undefined then; choose another piece")
        total += noise / rms
    return total.astype(np.float32)


def build_mixture(
    speech: Waveform, noises: list[tuple[Waveform, float]], *, snr_db: float, sample_rate: int
) -> Waveform:
    """Make one fixed test mixture as the benchmark defines it.

    Args:
        speech: `(samples,)` the clip.
        noises: recordings `(samples,)` with the offset in seconds where each piece starts.
        snr_db: mean speech power over mean noise power, whole clip.
        sample_rate: Hz of all waveforms.

    Returns:
        `(samples,)` noisy waveform, neither clipped nor normalised.
    """
    pieces = [
        cut_looped(noise, offset=samples_from_seconds(offset_s, sample_rate=sample_rate), n_samples=len(speech))
        for noise, offset_s in noises
    ]
    return mix(speech, sum_at_equal_level(pieces), snr_db=snr_db)
