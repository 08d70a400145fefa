"""Levels of signals whose power is known."""

import numpy as np
import pytest

from avse.signal.level import FLOOR_DB, LevelMeter


def test_levels_of_a_sine_and_of_silence():
    sine = np.sin(2 * np.pi * 100 * np.arange(1600) / 1600).astype(np.float32)
    meter = LevelMeter(sample_rate=1600, rate_hz=10)
    for piece in np.split(np.concatenate([sine, np.zeros(320, np.float32)]), [7, 900]):
        meter.push(np.stack([piece, piece]))
    level_db = meter.level_db()
    np.testing.assert_allclose(level_db[:10], 10 * np.log10(0.5), atol=1e-4)
    np.testing.assert_allclose(level_db[10:], [FLOOR_DB, FLOOR_DB], atol=1e-4)
    assert meter.duration_s == pytest.approx(1.2)
    assert meter.rate_hz == 10
