"""Spoiled cues: as correlated with the clean one as asked for, in [0, 1], and missing where they are reported to be."""

import numpy as np
import pytest

from avse.data.cue_errors import CueErrorConfig, spoil
from avse.signal.speech_cue import CUE_DIM

STILL = {"smoothing_s": 0.0, "lag_s": 0.0, "missing_probability": 0.0, "gap_probability": 0.0}


def _cue(n_frames=4000):
    rng = np.random.default_rng(1)
    return (0.5 + 0.12 * rng.standard_normal((n_frames, CUE_DIM))).astype(np.float32)


@pytest.mark.parametrize("correlation", [0.3, 0.6, 0.9])
def test_the_correlation_is_the_one_asked_for(correlation):
    clean = _cue()
    config = CueErrorConfig(
        correlation_min=correlation, correlation_max=correlation, error_time_constant_s=0.0, **STILL
    )
    spoiled, present = spoil(clean, config=config, rng=np.random.default_rng(2))
    found = [np.corrcoef(clean[:, dim], spoiled[:, dim])[0, 1] for dim in range(CUE_DIM)]
    np.testing.assert_allclose(found, correlation, atol=0.05)
    assert present.all()


def test_errors_last_and_are_shared():
    clean = _cue()
    config = CueErrorConfig(
        correlation_min=0.1, correlation_max=0.1, shared_share=0.8, error_time_constant_s=0.4, **STILL
    )
    spoiled, _ = spoil(clean, config=config, rng=np.random.default_rng(2))
    error = spoiled - spoiled.mean(axis=0)
    assert np.corrcoef(error[:-1, 0], error[1:, 0])[0, 1] > 0.8
    assert np.corrcoef(error[:, 1], error[:, 5])[0, 1] > 0.6


def test_values_stay_within_0_and_1_and_gaps_are_distinguished():
    config = CueErrorConfig(gap_probability=1.0, missing_probability=0.0)
    shares = []
    for seed in range(20):
        spoiled, present = spoil(np.round(_cue(200)), config=config, rng=np.random.default_rng(seed))
        assert spoiled.min() >= 0
        assert spoiled.max() <= 1
        shares.append(present.mean())
    assert 0.3 < np.mean(shares) < 0.95


def test_lips_may_take_more_for_speech_than_is_heard_throughout():
    clean = np.full((200, CUE_DIM), 0.3, np.float32)
    config = CueErrorConfig(offset_min=0.1, offset_max=0.1, shared_share=0.0, **STILL)
    spoiled, _ = spoil(clean, config=config, rng=np.random.default_rng(2))
    np.testing.assert_allclose(spoiled, 0.4, atol=0.01)
