"""The make-up gain: exact for an estimate of least squared error, none for what lost nothing, slow, in any pieces."""

import numpy as np
import pytest

from avse.enhance.level import LARGEST_DB, LevelState, MakeUpGain
from avse.signal.stft_config import StftConfig

FREQS, FRAMES = 200, 600


def _noise(seed, scale):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((FREQS, FRAMES)) + 1j * rng.standard_normal((FREQS, FRAMES))) * scale


def _gains(estimate, noisy, state=None):
    return MakeUpGain(StftConfig(window=512, hop=256, sample_rate=16000)).gains(estimate, noisy, state or LevelState())


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 10.0])
def test_the_level_that_a_wiener_filter_loses_comes_back(snr_db):
    slope = np.exp(np.linspace(0, -3, FREQS))[:, None]  # speech has more in its low bands than noise
    speech = _noise(1, slope)
    noise = _noise(2, 1.0) * np.sqrt(np.mean(slope**2) * 10 ** (-snr_db / 10))
    wiener = slope**2 / (slope**2 + np.mean(np.abs(noise) ** 2) / 2)
    estimate = wiener * (speech + noise)
    gains, _ = _gains(estimate, speech + noise)

    def level_db(signal):
        return 20 * np.log10(np.sum((signal * speech.conj()).real) / np.sum(np.abs(speech) ** 2))

    assert level_db(estimate) < -0.5
    assert abs(level_db(estimate * gains)) < 0.1


def test_what_is_left_alone_stays_as_it_is():
    speech = _noise(1, 1.0)
    assert np.array_equal(_gains(speech, speech)[0], np.ones(FRAMES, np.float32))


def test_nothing_is_synthetic_for_where_all_is_taken_away():
    noisy = _noise(1, 1.0)
    assert np.array_equal(_gains(0.05 * noisy, noisy)[0], np.ones(FRAMES, np.float32))
    assert np.array_equal(_gains(0 * noisy, 0 * noisy)[0], np.ones(FRAMES, np.float32))


def test_it_has_a_limit_and_a_memory():
    noisy = _noise(1, 1.0)
    estimate = 0.4 * noisy
    gains, _ = _gains(estimate, noisy)
    assert gains.max() == pytest.approx(10 ** (LARGEST_DB / 20))
    # Half-way through the speaker pauses: the residual is soft, and the gain stays.
    estimate[:, 300:] *= 1e-3
    noisy[:, 300:] *= 1e-2
    paused, _ = _gains(estimate, noisy)
    np.testing.assert_allclose(paused[300:], paused[299], rtol=1e-3)


def test_pieces_of_any_size_give_the_same():
    noisy = _noise(1, 1.0)
    estimate = 0.7 * noisy + 0.1 * _noise(3, 1.0)
    whole, _ = _gains(estimate, noisy)
    state, pieces = LevelState(), []
    for first, last in ((0, 1), (1, 90), (90, FRAMES)):
        gains, state = _gains(estimate[:, first:last], noisy[:, first:last], state)
        pieces.append(gains)
    assert np.array_equal(np.concatenate(pieces), whole)
