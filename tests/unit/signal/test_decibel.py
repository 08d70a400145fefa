import math

import numpy as np
import pytest

from avse.signal.decibel import amplitude_ratio, power_ratio


@pytest.mark.parametrize("level_db", [-100.0, -6.0, 0.0, 0.1, 20.0])
def test_ratios_are_those_whose_logarithms_are_the_level(level_db):
    assert 20 * math.log10(amplitude_ratio(level_db)) == pytest.approx(level_db)
    assert 10 * math.log10(power_ratio(level_db)) == pytest.approx(level_db)
    assert amplitude_ratio(level_db) ** 2 == pytest.approx(power_ratio(level_db))


def test_arrays_keep_their_shape():
    levels_db = np.array([[-20.0, 0.0], [20.0, 40.0]])
    np.testing.assert_allclose(amplitude_ratio(levels_db), [[0.1, 1.0], [10.0, 100.0]])
    np.testing.assert_allclose(power_ratio(levels_db), [[0.01, 1.0], [100.0, 10000.0]])
