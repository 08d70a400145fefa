"""Enhancement without training: it lowers noise, keeps speech, looks at nothing ahead, agrees with a known package."""

from statistics import fmean

import numpy as np
import pytest

from avse.metrics.pesq import pesq_wb
from avse.metrics.si_sdr import si_sdr
from avse.signal.classical import METHODS, NoiseTracker
from avse.synthetic.voice import speak

RATE = 16000


@pytest.fixture(scope="module")
def mixture():
    rng = np.random.default_rng(3)
    clean = speak(rng, duration_s=3.0, sample_rate=RATE).waveform.astype(np.float32)
    noise = rng.standard_normal(len(clean)).astype(np.float32)
    return clean, clean + noise * np.float32(np.std(clean) / np.std(noise))


@pytest.mark.parametrize("name", METHODS)
def test_steady_noise_gives_way(name, mixture):
    clean, noisy = mixture
    enhanced = METHODS[name](noisy, sample_rate=RATE)
    assert enhanced.shape == noisy.shape
    assert enhanced.dtype == np.float32
    before, after = (si_sdr(reference=clean, estimate=each, sample_rate=RATE).value for each in (noisy, enhanced))
    assert after > before + 3


@pytest.mark.parametrize("name", METHODS)
def test_noise_alone_becomes_much_quieter(name):
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    enhanced = METHODS[name](noise, sample_rate=RATE)
    assert np.std(enhanced[4000:]) < 0.4 * np.std(noise[4000:])


@pytest.mark.parametrize("name", METHODS)
def test_what_comes_later_changes_nothing_before(name, mixture):
    _, noisy = mixture
    other = noisy.copy()
    other[RATE:] = np.random.default_rng(1).standard_normal(len(noisy) - RATE)
    reach = round(0.032 * RATE)
    one, two = (METHODS[name](each, sample_rate=RATE) for each in (noisy, other))
    np.testing.assert_allclose(one[: RATE - reach], two[: RATE - reach], atol=1e-6)
    assert not np.allclose(one[RATE:], two[RATE:], atol=1e-2)


@pytest.mark.parametrize("name", METHODS)
def test_level_does_not_matter_and_odd_input_is_answered(name, mixture):
    _, noisy = mixture
    loud, quiet = (METHODS[name](np.float32(scale) * noisy, sample_rate=RATE) for scale in (1, 0.01))
    np.testing.assert_allclose(100 * quiet, loud, atol=2e-3 * np.abs(loud).max())
    for length in (0, 1, 100):
        assert METHODS[name](np.zeros(length, np.float32), sample_rate=RATE).shape == (length,)
    silent = METHODS[name](np.zeros(RATE, np.float32), sample_rate=8000)
    assert np.isfinite(silent).all()


def test_noise_is_followed_while_somebody_speaks():
    rng = np.random.default_rng(0)
    tracker = NoiseTracker()
    # Half of the frames hold speech, 20 dB above; the noise becomes four times as strong in the middle.
    for number in range(800):
        level = 1.0 if number < 400 else 4.0
        speech = 100.0 * level * (number // 10 % 2)
        noise = tracker.push((level + speech) * rng.exponential(size=129))
        if number == 399:
            assert np.median(noise) == pytest.approx(1, rel=0.35)
    assert np.median(noise) == pytest.approx(4, rel=0.35)


def test_log_mmse_agrees_with_the_package_of_that_name_on_the_fixed_mixtures(fixed_mixtures):
    ours, theirs = [], []
    for clip, scores in fixed_mixtures(40):
        enhanced = METHODS["logmmse"](clip.noisy, sample_rate=RATE)
        ours.append(pesq_wb(reference=clip.clean, estimate=enhanced, sample_rate=RATE).value)
        theirs.append(scores["logmmse"]["pesq_wb"])
    assert fmean(ours) == pytest.approx(fmean(theirs), abs=0.1)
