"""Skin and breath read by hand, from curves whose answers are known."""

import numpy as np
import pytest

from avse.drives.physiology import breath_features, skin_features


@pytest.mark.parametrize("rate_hz", [0.15, 0.25, 0.5])
def test_the_breath_of_a_sine(rate_hz):
    times_s = np.arange(0, 60, 0.25)
    features = breath_features(3 * np.sin(2 * np.pi * rate_hz * times_s) + 0.02 * times_s, rate_hz=4)
    assert features["rate_hz"] == pytest.approx(rate_hz, abs=0.017)
    assert features["depth"] == pytest.approx(3 / np.sqrt(2), rel=0.05)


def test_no_breath_has_no_rate():
    still = breath_features(np.ones(240), rate_hz=4)
    assert np.isnan(still["rate_hz"])
    assert still["depth"] == pytest.approx(0, abs=1e-9)
    assert np.isnan(breath_features(np.ones(10), rate_hz=4)["depth"])


def test_responses_of_the_skin_are_counted():
    times_s = np.arange(0, 60, 0.25)
    conductance = 5 + sum(0.5 * np.exp(-((times_s - at) ** 2) / 4) for at in (10, 30, 45))
    features = skin_features(conductance, rate_hz=4)
    assert features["n_responses"] == 3
    assert features["response_height"] == pytest.approx(0.5, rel=0.1)
    assert features["level"] == pytest.approx(conductance.mean())
    rising = skin_features(2 + 0.01 * times_s, rate_hz=4)
    assert rising["slope"] == pytest.approx(0.01)
    assert (rising["n_responses"], rising["response_height"]) == (0, 0)
    assert all(np.isnan(value) for value in skin_features(np.ones(3), rate_hz=4).values())
