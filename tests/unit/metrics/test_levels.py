"""Level of the speech and suppression of the rest, against closed forms."""

import numpy as np
import pytest

from avse.errors import InputError
from avse.metrics.speech_level import speech_level
from avse.metrics.suppression import suppression

RATE = 16000
TIMES_S = np.arange(RATE) / RATE
TONE = np.sin(2 * np.pi * 200 * TIMES_S)
OTHER = np.sin(2 * np.pi * 450 * TIMES_S)
"""Orthogonal to the first over a whole second."""


@pytest.mark.parametrize("gain_db", [-33.0, -6.0, 0.0, 3.0])
def test_level_is_the_gain_of_the_speech_and_noise_does_not_count(gain_db):
    estimate = 10 ** (gain_db / 20) * TONE + 0.7 * OTHER
    assert speech_level(reference=TONE, estimate=estimate, sample_rate=RATE).value == pytest.approx(gain_db, abs=1e-6)


def test_speech_that_is_gone_has_no_level():
    for estimate in (-TONE, np.where(TIMES_S < 0, TONE, -0.1 * TONE)):
        score = speech_level(reference=TONE, estimate=estimate, sample_rate=RATE)
        assert score.value is None
        assert "holds nothing" in str(score.reason)
    assert speech_level(reference=TONE, estimate=np.zeros(RATE), sample_rate=RATE).reason == "estimate is silent"


def test_level_ignores_an_offset():
    score = speech_level(reference=TONE + 0.5, estimate=0.5 * TONE - 1, sample_rate=RATE)
    assert score.value == pytest.approx(-6.0206, abs=1e-3)


@pytest.mark.parametrize(
    ("gain", "expected_db"), [(0.1, 20.0), (1.0, 0.0), (2.0, -6.0206), (1e-9, 100.0), (0.0, 100.0)]
)
def test_suppression_is_the_drop_of_power(gain, expected_db):
    score = suppression(reference=TONE, estimate=gain * TONE, sample_rate=RATE)
    assert score.value == pytest.approx(expected_db, abs=1e-3)


def test_what_cannot_be_judged_says_why():
    assert "silent" in str(suppression(reference=0 * TONE, estimate=TONE, sample_rate=RATE).reason)
    assert "silent" in str(suppression(reference=0 * TONE, estimate=0 * TONE, sample_rate=RATE).reason)
    assert "lengths differ" in str(suppression(reference=TONE, estimate=TONE[:-1], sample_rate=RATE).reason)
    with pytest.raises(InputError, match="mono"):
        speech_level(reference=TONE[None], estimate=TONE[None], sample_rate=RATE)
