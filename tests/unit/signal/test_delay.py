"""Delays by cross-correlation: known shifts come back, and nothing is claimed of unrelated waveforms."""

import numpy as np
import pytest

from avse.signal.delay import delay_samples, without_delay

RATE = 16000


@pytest.mark.parametrize("delay", [800, -800, 16, 7999, 0])
@pytest.mark.parametrize("snr", [1.0, 0.5])
def test_a_shift_is_found_to_the_sample_and_removed(delay, snr):
    rng = np.random.default_rng(1)
    whole = rng.standard_normal(5 * RATE)
    reference, estimate = whole[8000:-8000], whole[8000 - delay : len(whole) - 8000 - delay]
    noisy = estimate + rng.standard_normal(len(estimate)) / snr
    assert delay_samples(reference, noisy, sample_rate=RATE) == delay
    first, second = without_delay(reference, estimate, delay=delay)
    n_samples = min(len(first), len(second))
    np.testing.assert_array_equal(first[:n_samples], second[:n_samples])


def test_nothing_is_claimed_without_evidence():
    rng = np.random.default_rng(2)
    one, other = rng.standard_normal((2, 3 * RATE))
    assert delay_samples(one, other, sample_rate=RATE) == 0
    assert delay_samples(one, np.zeros(3 * RATE), sample_rate=RATE) == 0
    assert delay_samples(one, np.full(3 * RATE, np.nan), sample_rate=RATE) == 0
    # Below a millisecond, and beyond half a second.
    assert delay_samples(one[10:], one, sample_rate=RATE) == 0
    assert delay_samples(one[9000:], one, sample_rate=RATE) == 0
