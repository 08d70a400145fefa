"""Late and early lips: found by the evidence at another lag, and never for want of evidence at all."""

import numpy as np
import pytest

from avse.models.lip_lag import LipLag


def _embeddings(n_frames=250, dim=8, seed=1):
    """Embeddings that fit themselves with 2 nats a second, and others hardly."""
    rows = np.random.default_rng(seed).standard_normal((n_frames, dim))
    return (rows * np.sqrt(2 / 25 / dim)).astype(np.float32)


def _lags(lips, audio):
    return LipLag().follow(lips, audio, None)[0]


@pytest.mark.parametrize("shift", [4, 10, -5])
def test_lips_that_come_late_or_early_are_found_within_seconds(shift):
    audio = _embeddings()
    lags = _lags(np.roll(audio, shift, axis=0), audio)
    assert not lags[:25].any()
    assert lags[150:].all()


@pytest.mark.parametrize("shift", [0, 2, -2])
def test_lips_in_time_or_a_little_off_are_not(shift):
    audio = _embeddings()
    assert not _lags(np.roll(audio, shift, axis=0), audio).any()


def test_lips_that_fit_at_no_lag_are_neither_late_nor_early():
    audio = _embeddings()
    assert not _lags(-audio, np.ones_like(audio)).any()
    assert not _lags(np.zeros_like(audio), audio).any()


def test_lips_that_come_in_time_again_are_used_again():
    audio = _embeddings(1000)
    lips = np.concatenate([np.roll(audio, 5, axis=0)[:400], audio[400:]])
    lags = _lags(lips, audio)
    assert lags[399]
    assert not lags[-1]


def test_pieces_of_any_size_give_the_same():
    audio = _embeddings()
    lips, follow, state, found = np.roll(audio, 5, axis=0), LipLag(), None, []
    for first, last in ((0, 1), (1, 3), (3, 60), (60, 250)):
        some, state = follow.follow(lips[first:last], audio[first:last], state)
        found.append(some)
    np.testing.assert_array_equal(np.concatenate(found), _lags(lips, audio))
