"""The ERB-rate scale of hearing (Glasberg and Moore 1990, eq. 4): equal steps are equal widths of auditory filters."""

import numpy as np
import numpy.typing as npt


def erb_from_hz(frequency_hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Position on the scale, `(...)`, of frequencies in Hz, `(...)`, at least 0."""
    return np.asarray(21.4 * np.log10(0.00437 * np.asarray(frequency_hz, dtype=np.float64) + 1))


def hz_from_erb(erb: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Frequencies in Hz, `(...)`, of positions on the scale, `(...)`; the inverse of `erb_from_hz`.

    Examples:
        >>> hz_from_erb(erb_from_hz([100, 1000])).round(6).tolist()
        [100.0, 1000.0]
    """
    return np.asarray((10 ** (np.asarray(erb, dtype=np.float64) / 21.4) - 1) / 0.00437)
