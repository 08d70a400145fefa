"""Band powers and the features of a voice."""

import numpy as np
import pytest

from avse.signal.band_power import band_edges_hz, band_powers
from avse.signal.voice_features import (
    FIRST_STEP,
    N_BANDS,
    N_FEATURES,
    STEPS_PER_FRAME,
    StreamingVoicePowers,
    VoiceFeatures,
    voice_powers,
)

RATE = 16000


def test_a_sine_has_its_power_in_its_band():
    edges = band_edges_hz(N_BANDS)
    assert np.all(np.diff(np.ceil(edges * 512 / RATE)) >= 1)  # no band is empty
    sine = np.sin(2 * np.pi * 2000 * np.arange(RATE) / RATE).astype(np.float32)
    powers = band_powers(sine, sample_rate=RATE, n_bands=8, n_steps=100)
    band = np.searchsorted(band_edges_hz(8), 2000) - 1
    np.testing.assert_allclose(powers[5:95, band], 0.5, rtol=0.01)
    assert np.delete(powers[5:95], band, axis=1).max() < 1e-4


def test_steps_lie_where_they_say():
    click = np.zeros(RATE, np.float32)
    click[8000] = 1
    powers = band_powers(click, sample_rate=RATE, n_bands=4, n_steps=100).sum(axis=1)
    assert np.argmax(powers) == 50
    np.testing.assert_allclose(powers[49], powers[51], rtol=1e-3)
    later = band_powers(click, sample_rate=RATE, n_bands=4, n_steps=140, first_step=-20).sum(axis=1)
    np.testing.assert_allclose(later[20:120], powers, rtol=1e-5)
    assert later[:20].max() == 0


def test_other_rates_agree():
    rng = np.random.default_rng(0)
    from avse.signal.resample import resample

    noise = rng.standard_normal(RATE).astype(np.float32)
    for rate in (8000, 48000):
        converted = resample(noise, source_rate=RATE, target_rate=rate)
        ours = band_powers(converted, sample_rate=rate, n_bands=8, n_steps=90, first_step=5)
        theirs = band_powers(noise, sample_rate=RATE, n_bands=8, n_steps=90, first_step=5)
        np.testing.assert_allclose(ours[:, :6], theirs[:, :6], rtol=0.05)


def test_features_do_not_depend_on_level_and_colour_and_chunks():
    rng = np.random.default_rng(1)
    voice = (0.1 * rng.standard_normal(3 * RATE) * (1.3 + np.sin(np.arange(3 * RATE) / 2000))).astype(np.float32)
    powers = voice_powers(voice, sample_rate=RATE, n_frames=75)
    assert powers.shape == (75 * STEPS_PER_FRAME, N_BANDS)
    features = VoiceFeatures().push(powers)
    assert features.shape == (75, N_FEATURES)
    # Digital silence before the first sample is the one level that has none.
    sounding = powers[STEPS_PER_FRAME:]
    coloured = VoiceFeatures().push(sounding * np.geomspace(0.3, 3, N_BANDS, dtype=np.float32))
    np.testing.assert_allclose(coloured, VoiceFeatures().push(sounding), atol=0.06)  # the floor is felt in deep dips
    stream = VoiceFeatures()
    chunks = [stream.push(powers[a * STEPS_PER_FRAME : b * STEPS_PER_FRAME]) for a, b in ((0, 1), (1, 30), (30, 75))]
    np.testing.assert_array_equal(np.concatenate(chunks), features)


@pytest.mark.parametrize("frame", [0, 10])
def test_features_of_a_frame_end_with_it(frame):
    """Nothing later than half a window after the frame's last step changes it."""
    rng = np.random.default_rng(2)
    voice = rng.standard_normal(RATE).astype(np.float32)
    changed = voice.copy()
    changed[frame * 640 + (STEPS_PER_FRAME + FIRST_STEP - 1) * 160 + 256 :] = 0
    one, other = (VoiceFeatures().push(voice_powers(w, sample_rate=RATE, n_frames=25)) for w in (voice, changed))
    np.testing.assert_array_equal(one[: frame + 1], other[: frame + 1])
    assert np.abs(one[frame + 1] - other[frame + 1]).max() > 0.1


@pytest.mark.parametrize("n_samples", [1, 640, 641, 20000])
def test_blocks_give_what_the_whole_gives(n_samples):
    voice = np.random.default_rng(5).standard_normal(n_samples).astype(np.float32)
    n_frames = -(-n_samples // 640)
    stream, at, parts = StreamingVoicePowers(), 0, []
    for size in (1, 100, 3000, 5, 900, n_samples):
        parts.append(stream.push(voice[at : at + size]))
        at += size
    parts.append(stream.push(np.zeros(0, np.float32), last=True))
    whole = voice_powers(voice, sample_rate=RATE, n_frames=n_frames)
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-4, atol=1e-9)
