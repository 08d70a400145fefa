"""The speech cue: tone bursts, level, time."""

import numpy as np
import pytest

from avse.errors import InputError
from avse.signal.band_power import band_edges_hz
from avse.signal.clock import n_video_frames
from avse.signal.erb import erb_from_hz, hz_from_erb
from avse.signal.speech_cue import CUE_DIM, CUE_RATE_HZ, N_BANDS, RANGE_DB, speech_cue

RATE = 16000


def tone(hz, start_s, end_s, *, duration_s=4.0, rate=RATE, gain=0.3):
    times = np.arange(round(duration_s * rate)) / rate
    return (gain * np.sin(2 * np.pi * hz * times) * ((times >= start_s) & (times < end_s))).astype(np.float32)


def test_erb_scale():
    # Glasberg and Moore 1990: 1 kHz lies at 15.6 on the scale.
    assert erb_from_hz(1000) == pytest.approx(15.62, abs=0.01)
    np.testing.assert_allclose(hz_from_erb(erb_from_hz([0, 100, 7000])), [0, 100, 7000], atol=1e-6)


@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_burst_is_active_where_it_is_and_in_its_band(rate):
    edges = band_edges_hz(N_BANDS)
    for band in (0, 3, 7):
        cue = speech_cue(tone(np.sqrt(edges[band] * edges[band + 1]), 1.0, 2.0, rate=rate), sample_rate=rate)
        assert cue.shape == (100, CUE_DIM)
        # Half of the first and last frames' windows lies within the burst: 3 dB down.
        np.testing.assert_array_equal(np.flatnonzero(cue[:, 0]), np.arange(25, 51))
        np.testing.assert_allclose(cue[26:50, 1 + band], 1, atol=0.02)
        assert cue[25, 1 + band] == pytest.approx(1 - 3 / RANGE_DB, abs=0.03)
        others = np.delete(cue[26:50, 1:], band, axis=1)
        # Windows' side lobes of a neighbouring band may reach it; those farther away hear nothing.
        assert np.delete(others, [max(0, band - 1), min(6, band)], axis=1).max() == 0
        assert cue[:24].max() == 0
        assert cue[52:].max() == 0


def test_a_band_10_db_down_is_a_third_lower():
    hz = float(np.sqrt(np.prod(band_edges_hz(N_BANDS)[3:5])))
    loud, soft = tone(hz, 0.5, 2.0), tone(hz, 2.5, 3.5, gain=0.3 * 10**-0.5)
    cue = speech_cue(loud + soft, sample_rate=RATE)
    np.testing.assert_allclose(cue[64:86, 4], 1 - 10 / RANGE_DB, atol=0.02)


def test_level_and_colour_do_not_matter():
    rng = np.random.default_rng(0)
    bursts = [tone(hz, s, s + 0.4) for hz, s in zip(rng.uniform(150, 6500, 8), np.arange(8) * 0.45, strict=True)]
    speech = np.sum(bursts, axis=0) + tone(400, 0.2, 3.8, gain=0.02)
    cue = speech_cue(speech, sample_rate=RATE)
    np.testing.assert_allclose(speech_cue(speech * np.float32(0.003), sample_rate=RATE), cue, atol=1e-4)
    assert 0.05 < cue[:, 1:].mean() < 0.9


def test_a_shift_by_frames_shifts_the_cue():
    rng = np.random.default_rng(1)
    speech = np.concatenate([np.zeros(16000), rng.standard_normal(32000) * 0.1, np.zeros(16000)]).astype(np.float32)
    speech *= 1 + 0.9 * np.sin(np.arange(len(speech)) / 900).astype(np.float32)
    late = np.roll(speech, 5 * round(RATE / CUE_RATE_HZ))
    np.testing.assert_allclose(
        speech_cue(late, sample_rate=RATE)[5:], speech_cue(speech, sample_rate=RATE)[:-5], atol=1e-5
    )


def test_pauses_of_plosives_are_bridged_and_longer_ones_are_not():
    cue = speech_cue(tone(500, 0.5, 1.0) + tone(500, 1.12, 1.5) + tone(500, 2.0, 2.5), sample_rate=RATE)
    assert cue[13:37, 0].min() == 1
    assert cue[40:49, 0].max() == 0
    assert cue[26, 1:].max() == 0  # activity is bridged, energy is not


def test_noise_floor_is_not_speech():
    rng = np.random.default_rng(2)
    noise = (0.3 * 10 ** (-25 / 20) * rng.standard_normal(4 * RATE)).astype(np.float32)
    cue = speech_cue(tone(300, 1.0, 3.0) + noise, sample_rate=RATE)
    assert cue[:24, 0].max() == 0
    assert cue[26:74, 0].min() == 1


def test_a_band_that_is_empty_stays_empty():
    rng = np.random.default_rng(3)
    hiss = (1e-4 * rng.standard_normal(4 * RATE)).astype(np.float32)
    cue = speech_cue(tone(300, 1.0, 3.0) + hiss, sample_rate=RATE)
    assert cue[28:72, -1].max() < 0.2  # far from the clicks of the edges


def test_silence_and_lengths():
    assert speech_cue(np.zeros(RATE, np.float32), sample_rate=RATE).max() == 0
    assert speech_cue(np.zeros(0, np.float32), sample_rate=RATE).shape == (0, CUE_DIM)
    assert speech_cue(np.ones(47648, np.float32), sample_rate=RATE).shape == (75, CUE_DIM)
    longer = speech_cue(tone(300, 1.0, 2.0), sample_rate=RATE, n_frames=120)
    assert longer.shape == (120, CUE_DIM)
    assert longer[100:].max() == 0
    np.testing.assert_allclose(speech_cue(tone(300, 1.0, 2.0), sample_rate=RATE, n_frames=60), longer[:60], atol=1e-6)
    assert n_video_frames(3 * RATE, sample_rate=RATE, rate_hz=25.0) == 75
    assert n_video_frames(3 * RATE + 1, sample_rate=RATE, rate_hz=25.0) == 76


@pytest.mark.parametrize("bad", [np.zeros((2, 100), np.float32), np.full(100, np.nan, np.float32)])
def test_bad_input(bad):
    with pytest.raises(InputError, match="one row of finite samples"):
        speech_cue(bad, sample_rate=RATE)
