"""Channels of opposite phase are noticed, and what is not opposite is left alone."""

import numpy as np
import pytest

from avse.signal.phase import PhaseMeter


def _meter(channels):
    meter = PhaseMeter(len(channels))
    for start in range(0, channels.shape[1], 1000):
        meter.push(channels[:, start : start + 1000])
    return meter


@pytest.fixture
def voice():
    return np.random.default_rng(0).standard_normal(8000).astype(np.float32)


def test_opposite_channels_cancel_and_get_opposite_signs(voice):
    meter = _meter(np.stack([voice, -voice]))
    assert meter.mean_over_channels_db < -60
    assert meter.signs().tolist() == [1, -1]
    assert _meter(np.stack([0.5 * voice, -voice, voice, -voice])).signs().tolist() == [-1, 1, -1, 1]


@pytest.mark.parametrize("n_channels", [1, 2, 8])
def test_independent_or_equal_channels_are_left_alone(voice, n_channels):
    independent = np.random.default_rng(1).standard_normal((n_channels, 20000)).astype(np.float32)
    # The mean of n independent channels has 1/n of their power.
    assert _meter(independent).mean_over_channels_db == pytest.approx(-10 * np.log10(n_channels), abs=0.2)
    for channels in (independent, np.stack([voice] * n_channels), np.zeros((n_channels, 100), np.float32)):
        assert (_meter(channels).signs() == 1).all()
