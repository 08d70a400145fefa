"""Heart beats in a raw electrocardiogram, found by NeuroKit2."""

import warnings

import numpy as np
import numpy.typing as npt

from avse.errors import MissingExtraError

PIECE_S, OVERLAP_S = 60.0, 4.0
"""A long recording is searched piece by piece: where one is too noisy, the others still give their beats."""
SHORTEST_S = 0.25
"""Between two beats; nearer ones were found twice."""


def find_beats(ecg: npt.NDArray[np.floating], *, rate_hz: float) -> tuple[npt.NDArray[np.float64], int]:
    """Find the beats.

    Args:
        ecg: `(time,)`, any unit.
        rate_hz: samples a second.

    Returns:
        `(beats, 2)` time in s and the interval to the beat before in ms, and the number of pieces of a minute in which
        the search failed: no beat is known there.

    Raises:
        MissingExtraError: NeuroKit2 is not installed.
    """
    try:
        import neurokit2
    except ImportError:
        raise MissingExtraError(
            "neurokit2 must be installed to find heart beats but is not; pip install 'avse[stress]'"
        ) from None
    length, hop = round(PIECE_S * rate_hz), round((PIECE_S - OVERLAP_S) * rate_hz)
    times: list[float] = []
    n_failed = 0
    for start in range(0, max(1, len(ecg) - round(OVERLAP_S * rate_hz)), hop):
        piece = np.asarray(ecg[start : start + length], dtype=float)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                clean = neurokit2.ecg_clean(piece, sampling_rate=rate_hz)
                _, found = neurokit2.ecg_peaks(clean, sampling_rate=rate_hz)
            peaks = np.asarray(found["ECG_R_Peaks"], dtype=float)
        except Exception as error:
            # NeuroKit2 fails with errors of every kind where there is no peak, by design ("wontfix").
            if isinstance(error, MemoryError):
                raise
            peaks = np.zeros(0)
        if len(peaks) < 2:
            n_failed += 1
        times += [t for t in (start + peaks) / rate_hz if not times or t > times[-1] + SHORTEST_S]
    intervals_ms = 1000 * np.diff(times)
    return np.column_stack([times[1:], intervals_ms]) if len(times) > 1 else np.zeros((0, 2)), n_failed
