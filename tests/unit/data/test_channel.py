"""Rooms, microphones and lines change the audio as they should, and no more."""

import numpy as np
import pytest

from avse.data.channel import (
    Channel,
    ChannelConfig,
    clip,
    equalise,
    limit_band,
    mu_law,
    reverberate,
    simulate_response,
    trim_response,
)

RATE = 16000
NOTHING = ChannelConfig(
    colour_probability=0, reverberation_probability=0, narrow_probability=0, clip_probability=0, codec_probability=0,
    level_db_min=-20, level_db_max=-20,
)  # fmt: skip


@pytest.fixture
def speech(talk):
    return talk.voice.waveform[:RATE]


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal(RATE).astype(np.float32)


def _power_db(audio):
    return 10 * np.log10(np.mean(audio.astype(float) ** 2))


def test_the_ratio_and_the_level_are_those_asked_for(speech, noise):
    channel = Channel(NOTHING, responses=[], sample_rate=RATE)
    noisy, clean = channel.mix(speech, noise, snr_db=3.0, rng=np.random.default_rng(0))
    assert _power_db(clean) - _power_db(noisy - clean) == pytest.approx(3, abs=0.01)
    assert _power_db(noisy) == pytest.approx(-20, abs=0.01)
    assert np.corrcoef(clean, speech)[0, 1] == pytest.approx(1)


def test_in_a_room_the_target_keeps_early_sound_only(speech, noise):
    late = np.zeros(RATE, dtype=np.float32)
    late[[0, 200, 6000]] = 1.0, 0.5, 0.8
    config = ChannelConfig(**{**vars(NOTHING), "reverberation_probability": 1, "measured_share": 1})
    channel = Channel(config, responses=[late], sample_rate=RATE)
    _, clean = channel.mix(speech, noise, snr_db=40, rng=np.random.default_rng(0))
    expected = speech.copy()
    expected[200:] += 0.5 * speech[:-200]
    assert np.corrcoef(clean, expected)[0, 1] == pytest.approx(1, abs=1e-5)


def test_a_flat_colour_changes_nothing_and_a_gain_is_a_gain(speech):
    np.testing.assert_allclose(equalise(speech, np.zeros(9)), speech, atol=1e-6)
    np.testing.assert_allclose(equalise(speech, np.full(9, 6.0)), speech * 10**0.3, atol=1e-5)


def test_a_line_stops_what_lies_above_it():
    times_s = np.arange(RATE) / RATE
    for frequency_hz, passes in ((1000, True), (6000, False)):
        tone = np.sin(2 * np.pi * frequency_hz * times_s).astype(np.float32)
        limited = limit_band(tone, top_hz=3400, sample_rate=RATE)
        assert (_power_db(limited[2000:]) - _power_db(tone) > -1) == passes
        assert passes or _power_db(limited[2000:]) < -25


def test_the_codec_is_coarse_by_as_much_as_its_standard(speech):
    # G.711 keeps about 38 dB over a wide range of levels; 7 bits and a sign here.
    error = mu_law(speech) - speech
    assert 25 < _power_db(speech) - _power_db(error) < 45


def test_peaks_are_cut_at_their_share(speech):
    assert np.max(np.abs(clip(speech, share=0.3))) == pytest.approx(0.3 * np.max(np.abs(speech)))


def test_synthetic_rooms_die_away_and_begin_with_the_direct_sound():
    response = simulate_response(np.random.default_rng(3), sample_rate=RATE)
    assert response[0] == 1
    third = len(response) // 3
    assert _power_db(response[third : 2 * third]) > _power_db(response[2 * third :]) + 10
    impulse = np.zeros(len(response), dtype=np.float32)
    impulse[0] = 1
    np.testing.assert_allclose(reverberate(impulse, response), response, atol=1e-6)


def test_a_measured_response_begins_with_its_direct_sound():
    response = np.array([0.0, 0.1, -2.0, 0.5], dtype=np.float32)
    np.testing.assert_allclose(trim_response(response), [-1, 0.25])
