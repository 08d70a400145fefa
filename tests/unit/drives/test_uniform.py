"""Samples as sensors give them become even series, and what is not real is masked and reported."""

import numpy as np
import pytest

from avse.drives.uniform import Limits, to_uniform
from avse.errors import InputError

TIMES_S = np.arange(0, 60, 1 / 16)


def _even(times_s, values, **more):
    return to_uniform(times_s, values, **{"rate_hz": 4.0, "duration_s": 60.0, **more})


def test_a_slow_sine_stays_one_at_another_rate():
    for rate_hz in (4.0, 50.0):
        series = _even(TIMES_S, np.sin(2 * np.pi * 0.1 * TIMES_S), rate_hz=rate_hz)
        out_s = np.arange(round(60 * rate_hz)) / rate_hz
        np.testing.assert_allclose(series.values, np.sin(2 * np.pi * 0.1 * out_s), atol=0.04)
        assert series.mask.all()
        assert series.report.masked_share == 0
        assert series.values.dtype == np.float32


def test_what_is_too_fast_does_not_come_back_as_something_slow():
    # 3.9 Hz would look like 0.1 Hz when taken 4 times a second.
    series = _even(TIMES_S, np.sin(2 * np.pi * 3.9 * TIMES_S))
    assert np.abs(series.values[8:-8]).max() < 0.05


def test_a_short_gap_is_bridged_and_a_long_one_masked():
    keep = ~(((TIMES_S > 10) & (TIMES_S < 11)) | ((TIMES_S > 30) & (TIMES_S < 40)))
    series = _even(TIMES_S[keep], TIMES_S[keep])
    out_s = np.arange(240) / 4
    assert series.mask[(out_s > 9) & (out_s < 12)].all()
    assert not series.mask[(out_s > 30.5) & (out_s < 39.5)].any()
    assert (series.values[~series.mask] == 0).all()
    np.testing.assert_allclose(series.values[series.mask], out_s[series.mask], atol=0.1)
    assert series.report.n_gaps == 2
    assert series.report.longest_gap_s == pytest.approx(10 + 1 / 16, abs=0.1)
    assert series.report.masked_share == pytest.approx(10 / 60, abs=0.02)


def test_values_that_are_missing_count_as_a_gap():
    values = TIMES_S.copy()
    values[(TIMES_S > 30) & (TIMES_S < 40)] = np.nan
    series = _even(TIMES_S, values)
    assert series.report.n_missing == 159
    assert series.report.masked_share == pytest.approx(10 / 60, abs=0.02)


def test_times_that_come_twice_are_one():
    series = _even(np.repeat(TIMES_S, 2), np.ravel(np.stack([TIMES_S - 1, TIMES_S + 1], axis=1)))
    assert series.report.n_duplicates == len(TIMES_S)
    np.testing.assert_allclose(series.values, np.arange(240) / 4, atol=0.1)


def test_the_end_of_a_short_record_is_masked():
    series = _even(TIMES_S[:160], TIMES_S[:160])
    assert series.mask[:40].all()
    assert not series.mask[42:].any()


def test_a_sensor_that_is_off_is_masked():
    values = np.random.default_rng(0).standard_normal(len(TIMES_S))
    values[200:800] = 0.7
    series = _even(TIMES_S, values)
    assert series.report.flat_s == pytest.approx(37.5, abs=0.2)
    out_s = np.arange(240) / 4
    assert not series.mask[(out_s > 13) & (out_s < 49)].any()
    assert series.mask[out_s < 12].all()
    short = _even(TIMES_S, values, limits=Limits(flat_s=40))
    assert short.report.flat_s == 0
    assert short.mask.all()


def test_a_sensor_beyond_its_range_is_masked():
    values = np.clip(np.sin(2 * np.pi * TIMES_S / 30), -1, 0.7)
    series = _even(TIMES_S, values)
    # Over 0.7 in a quarter of each turn: 7.6 s, twice.
    assert series.report.saturated_s == pytest.approx(15.2, abs=0.5)
    assert series.report.flat_s == 0
    assert not series.mask[(np.arange(240) / 4 > 5) & (np.arange(240) / 4 < 10)].any()


def test_nothing_at_all_is_all_masked():
    for times_s, values in ((np.zeros(0), np.zeros(0)), (TIMES_S, np.full(len(TIMES_S), np.nan))):
        series = _even(times_s, values)
        assert not series.mask.any()
        assert series.report.masked_share == 1
    assert not _even(TIMES_S, np.full(len(TIMES_S), 2.0)).mask.any()


def test_time_that_runs_backwards_is_refused():
    times_s = TIMES_S.copy()
    times_s[100] = 2.0
    with pytest.raises(InputError, match=r"must not fall but go from 6.1875 to 2 s at sample 100; sort"):
        _even(times_s, TIMES_S)
    with pytest.raises(InputError, match="pair them"):
        _even(times_s, TIMES_S[1:])
