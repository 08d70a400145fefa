"""Clipped samples are counted, and loud ones are not."""

import numpy as np
import pytest

from avse.metrics.clipping import n_clipped

RATE = 16000
SINE = np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_a_sine_that_is_whole_is_not_clipped(gain):
    assert n_clipped(gain * SINE) == 0


def test_the_flat_tops_of_a_sine_are_counted():
    clipped = np.clip(2 * SINE, -1, 1)
    assert n_clipped(clipped) == np.count_nonzero(np.abs(2 * SINE) >= 1)
    # As 16 bits have it, where the top is 32767 and the bottom -32768.
    coded = np.clip(np.round(2 * SINE * 32768), -32768, 32767) / 32768
    assert n_clipped(coded) == np.count_nonzero((coded == -1) | (coded == 32767 / 32768))
    assert n_clipped(np.stack([clipped, SINE, clipped])) == 2 * n_clipped(clipped)


def test_a_run_of_three_counts_and_shorter_ones_do_not():
    assert n_clipped(np.array([0.0, 1, 1, 0, -1, 1, -1])) == 0
    assert n_clipped(np.array([0.0, 1, 1, 1, 0, -1, -1, -1, -1])) == 7
    assert n_clipped(np.array([1.0, 1.0])) == 0
    assert n_clipped(np.zeros(0)) == 0
