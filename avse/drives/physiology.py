"""What is read by hand from skin and breath, for classifiers that do not learn it."""

import numpy as np
from scipy.signal import detrend, find_peaks

from avse.types import FloatSeries

SLOWEST_BREATH_HZ, FASTEST_BREATH_HZ = 0.1, 0.6
"""6 to 36 breaths a minute."""
SMALLEST_RESPONSE = 0.05
"""Rise of a skin response, in the unit of the conductance (Boucsein 2012 counts from 0.05 uS)."""


def skin_features(conductance: FloatSeries, *, rate_hz: float) -> dict[str, float]:
    """Level and responses of the skin in a window.

    Args:
        conductance: `(time,)` real samples only.
        rate_hz: samples a second.

    Returns:
        level (mean), slope (a second), n_responses, response_height (mean, 0 without any); NaN with less than 2 s.
    """
    names = ("level", "slope", "n_responses", "response_height")
    if len(conductance) < 2 * rate_hz:
        return dict.fromkeys(names, float("nan"))
    slope = np.polyfit(np.arange(len(conductance)) / rate_hz, conductance, 1)[0]
    peaks, about = find_peaks(detrend(conductance), prominence=SMALLEST_RESPONSE, distance=max(1, int(rate_hz)))
    height = float(np.mean(about["prominences"])) if len(peaks) else 0.0
    return dict(zip(names, (float(conductance.mean()), float(slope), float(len(peaks)), height), strict=True))


def breath_features(respiration: FloatSeries, *, rate_hz: float) -> dict[str, float]:
    """Rate and depth of the breath in a window.

    Args:
        respiration: `(time,)` chest expansion, real samples only.
        rate_hz: samples a second, above 1.2.

    Returns:
        rate_hz (the strongest frequency between 0.1 and 0.6 Hz) and depth (standard deviation without trend); NaN with
        less than 5 s, the rate also where nothing moves.
    """
    if len(respiration) < 5 * rate_hz:
        return {"rate_hz": float("nan"), "depth": float("nan")}
    moving = detrend(respiration)
    depth = float(moving.std())
    # Padded to a minute at least, so that the frequencies lie close enough in a short window.
    n = max(len(moving), round(60 * rate_hz))
    power = np.abs(np.fft.rfft(moving * np.hanning(len(moving)), n)) ** 2
    frequencies = np.fft.rfftfreq(n, 1 / rate_hz)
    inside = (frequencies >= SLOWEST_BREATH_HZ) & (frequencies <= FASTEST_BREATH_HZ)
    still = depth < 1e-6 * max(1e-6, float(np.abs(respiration).max()))
    strongest = float("nan") if still else float(frequencies[inside][power[inside].argmax()])
    return {"rate_hz": strongest, "depth": depth}
