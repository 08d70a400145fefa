"""Mixing, against numbers worked out by hand and the published scores of the benchmark's noisy files."""

import numpy as np
import pytest

from avse.data.mix import N_TRIES, build_mixture, cut_looped, is_sounding, mix, sounding_piece, sum_at_equal_level
from avse.errors import InputError


def _noise(seed, n_samples=8000):
    return np.random.default_rng(seed).standard_normal(n_samples).astype(np.float32)


@pytest.mark.parametrize("snr_db", [-10, 0, 7.5])
def test_ratio_is_the_one_asked_for_and_speech_is_untouched(snr_db):
    speech, noise = _noise(0) * 0.1, _noise(1) * 3
    added = mix(speech, noise, snr_db=snr_db) - speech
    measured = 10 * np.log10(np.mean(speech**2.0) / np.mean(added**2.0))
    assert measured == pytest.approx(snr_db, abs=1e-3)
    assert np.corrcoef(added, noise)[0, 1] == pytest.approx(1, abs=1e-4)


def test_noise_is_repeated_end_to_end():
    np.testing.assert_array_equal(
        cut_looped(np.arange(5, dtype=np.float32), offset=3, n_samples=9), [3, 4, 0, 1, 2, 3, 4, 0, 1]
    )


def test_noises_are_summed_at_equal_level():
    first, second = _noise(2), _noise(3) * 50
    total = sum_at_equal_level([first, second])
    for noise in (first, second):
        assert np.dot(total, noise) / np.dot(noise, noise) * np.std(noise) == pytest.approx(1, abs=0.03)


def test_benchmark_mixture_by_hand():
    # Noise 1, -1, 1, -1 at 4 Hz is the same from 0.5 s on; power 1 against speech power 4 at 6.0206 dB is itself.
    speech = np.array([2, -2, 2, 2, -2, 2], dtype=np.float32)
    noisy = build_mixture(speech, [(np.array([3, -3], dtype=np.float32), 0.5)], snr_db=10 * np.log10(4), sample_rate=4)
    np.testing.assert_allclose(noisy - speech, [1, -1, 1, -1, 1, -1], atol=1e-6)


def test_bad_input_is_reported_in_one_line():
    with pytest.raises(InputError, match="noise must be as long as speech but is 5 samples against 8"):
        mix(_noise(0, 8), _noise(1, 5), snr_db=0)
    with pytest.raises(InputError, match="speech must not be silent"):
        mix(np.zeros(8, np.float32), _noise(1, 8), snr_db=0)
    with pytest.raises(InputError, match="noise must not be silent"):
        mix(_noise(1, 8), np.zeros(8, np.float32), snr_db=0)


@pytest.mark.parametrize(("level", "sounds"), [(1.0, True), (0.11, True), (0.09, False), (0.0, False)])
def test_a_piece_sounds_above_a_tenth_of_the_recordings_level(level, sounds):
    recording = _noise(0, 80000)
    assert is_sounding(level * recording, recording=recording) == sounds


def test_the_first_piece_that_sounds_is_taken():
    recording = np.concatenate([np.zeros(8000, np.float32), _noise(0)])
    offsets = iter([0, 100, 9000, 12000])
    piece = sounding_piece(lambda: (recording, next(offsets)), n_samples=500)
    assert piece.offset == 9000
    np.testing.assert_array_equal(piece.waveform, recording[9000:9500])
    assert next(offsets) == 12000


def test_where_all_are_pauses_there_is_no_piece():
    drawn = []
    recording = np.concatenate([np.zeros(8000, np.float32), _noise(0)])
    assert sounding_piece(lambda: (drawn.append(0) or recording, 0), n_samples=500) is None
    assert len(drawn) == N_TRIES
