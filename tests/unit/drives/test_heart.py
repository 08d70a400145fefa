"""Beats, their rate and its variability, from hand-made intervals."""

import numpy as np
import pytest

from avse.drives.heart import HRV_NAMES, believable, heart_rate, hrv_features, running_rmssd


def _beats(intervals_ms):
    intervals_ms = np.asarray(intervals_ms, dtype=float)
    return np.column_stack([np.cumsum(intervals_ms) / 1000, intervals_ms])


def test_variability_by_hand():
    beats = _beats([800, 810, 790, 860, 800])
    features = hrv_features(beats, start_s=0, end_s=10)
    steps = np.array([10, -20, 70, -60])
    assert features["mean_rr_ms"] == pytest.approx(812)
    assert features["sdnn_ms"] == pytest.approx(np.std([800, 810, 790, 860, 800], ddof=1))
    assert features["rmssd_ms"] == pytest.approx(np.sqrt(np.mean(steps**2)))
    assert features["pnn50"] == 0.5
    assert features["mean_difference_ms"] == 40
    assert tuple(features) == HRV_NAMES


def test_too_few_beats_have_no_variability():
    features = hrv_features(_beats([800] * 30), start_s=0, end_s=2.5)
    assert all(np.isnan(value) for value in features.values())
    assert all(np.isnan(value) for value in hrv_features(np.zeros((0, 2)), start_s=0, end_s=9).values())


def test_missed_and_extra_beats_are_not_believed():
    intervals = np.full(60, 800.0)
    intervals[[10, 30, 40]] = [1600, 350, 2500]
    good = believable(_beats(intervals))
    assert np.flatnonzero(~good).tolist() == [10, 30, 40]
    assert hrv_features(_beats(intervals), start_s=0, end_s=60)["sdnn_ms"] == 0


def test_the_rate_follows_the_beats():
    beats = _beats([1000] * 30 + [500] * 60)
    rate = heart_rate(beats, rate_hz=4, duration_s=60)
    out_s = np.arange(240) / 4
    np.testing.assert_allclose(rate.values[(out_s > 2) & (out_s < 28)], 60, atol=1e-3)
    np.testing.assert_allclose(rate.values[(out_s > 32) & (out_s < 58)], 120, atol=1e-3)


def test_a_long_pause_is_masked():
    beats = _beats([800] * 20)
    beats = np.concatenate([beats, beats + np.array([40, 0])])
    rate = heart_rate(beats, rate_hz=4, duration_s=56)
    assert not rate.mask[4 * 20 : 4 * 38].any()
    assert rate.mask[4 * 2 : 4 * 15].all()


def test_running_variability_looks_back_alone():
    rng = np.random.default_rng(0)
    intervals = np.concatenate([np.full(60, 800.0), 800 + 40 * rng.standard_normal(60)])
    rmssd = running_rmssd(_beats(intervals), rate_hz=4, duration_s=90)
    change = 4 * 48
    np.testing.assert_allclose(rmssd.values[40 : change - 8], 0, atol=1e-6)
    assert rmssd.values[-20:].mean() == pytest.approx(np.sqrt(2) * 40, rel=0.3)
