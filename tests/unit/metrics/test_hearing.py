"""HASPI and HASQI against pyclarity's own answers, and as they must move with noise and hearing loss."""

import builtins
import logging

import numpy as np
import pytest

from avse.errors import InputError, MissingExtraError
from avse.metrics.haspi import haspi
from avse.metrics.hasqi import hasqi
from avse.metrics.hearing import FREQUENCIES_HZ, NORMAL, check_audiogram
from avse.metrics.hearing_steps import bm_covary, env_filter, env_smooth
from avse.synthetic.voice import speak

RATE = 16000
SLOPING = (10, 20, 30, 45, 55, 60)
"""dB HL, a usual loss of old age."""
METRICS = (haspi, hasqi)


@pytest.fixture(scope="module")
def clarity():
    return pytest.importorskip("clarity.evaluator.haspi", reason="needs pip install 'avse[hearing]'")


@pytest.fixture(scope="module")
def pair():
    """Speech, and the same at 5 dB."""
    reference = speak(np.random.default_rng(3), duration_s=1.2).waveform.astype(np.float64)
    return reference, reference + noise_of(reference, 5)


def noise_of(reference, snr_db):
    white = np.random.default_rng(1).standard_normal(len(reference))
    return white * np.std(reference) * 10 ** (-snr_db / 20)


def score(metric, reference, estimate, **named):
    return metric(reference=reference, estimate=estimate, sample_rate=named.pop("rate", RATE), **named)


@pytest.mark.parametrize("audiogram", [NORMAL, SLOPING])
def test_both_are_the_package_s_at_65_db(clarity, pair, audiogram):
    from clarity.evaluator.hasqi import hasqi_v2
    from clarity.utils.audiogram import Audiogram

    listener = Audiogram(levels=np.array(audiogram), frequencies=np.array(FREQUENCIES_HZ))
    reference, noisy = (waveform[6000:13000] for waveform in pair)
    level = np.sqrt(np.mean(reference**2))
    for metric, theirs in ((haspi, clarity.haspi_v2), (hasqi, hasqi_v2)):
        np.random.seed(0)  # noqa: NPY002 the package draws from this generator
        expected = theirs(reference / level, RATE, noisy / level, RATE, listener, level1=65.0)[0]
        assert score(metric, reference, noisy, audiogram=audiogram).value == pytest.approx(expected, abs=1e-9)


def test_the_faster_steps_are_the_package_s(clarity):
    from clarity.evaluator.haspi import eb, ebm

    rng = np.random.default_rng(0)
    for n_samples in (6000, 6383):
        vibrations = rng.standard_normal((2, 32, n_samples))
        vibrations[1] += vibrations[0]
        vibrations[0, 3, :3000] = 0  # silence in a band
        for ours, theirs in zip(
            bm_covary(*vibrations, 16, 24000.0), eb.bm_covary(*vibrations, 16, 24000.0), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-12)
        envelopes = 60 * rng.random((2, 32, n_samples))
        expected = eb.env_smooth(envelopes[0], 16, 24000.0)
        np.testing.assert_allclose(env_smooth(envelopes[0], 16, 24000.0), expected, atol=1e-9)
        for ours, theirs in zip(
            env_filter(*envelopes, 320.0, 2560.0, 24000.0),
            ebm.env_filter(*envelopes, 320.0, 2560.0, 24000.0),
            strict=True,
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_copy_is_understood_and_recordings_good(clarity, pair):
    assert score(haspi, pair[0], pair[0]).value == pytest.approx(1, abs=0.01)
    assert score(hasqi, pair[0], pair[0]).value == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("metric", METRICS)
def test_more_noise_and_a_worse_ear_score_lower(clarity, pair, metric):
    reference, noisy = pair
    noisier = reference + noise_of(reference, -5)
    assert 1 > score(metric, reference, noisy).value > score(metric, reference, noisier).value
    # A copy: of noise an ear that hears less is bothered less, too.
    losses = [NORMAL, SLOPING, tuple(loss + 30 for loss in SLOPING)]
    scores_of_losses = [score(metric, reference, reference, audiogram=each).value for each in losses]
    assert scores_of_losses[0] > scores_of_losses[1] > scores_of_losses[2]


def test_scores_repeat_and_leave_the_global_generator_and_the_package_alone(clarity, pair):
    from clarity.evaluator.haspi import eb, ebm
    from clarity.evaluator.haspi import haspi as module

    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert score(haspi, *pair) == score(haspi, *pair)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert module.env_filter is ebm.env_filter
    assert eb.bm_covary is not bm_covary
    assert eb.env_smooth is not env_smooth
    assert not eb.logger.filters


@pytest.mark.parametrize("metric", METRICS)
def test_the_level_of_both_does_not_matter_and_the_estimate_s_does(clarity, pair, metric):
    reference, noisy = pair
    plain = score(metric, reference, noisy).value
    assert score(metric, 0.01 * reference, 0.01 * noisy).value == pytest.approx(plain, abs=1e-6)
    assert abs(score(metric, reference, 0.003 * noisy).value - plain) > 0.01


def test_a_rate_of_no_whole_khz_is_not_rounded(clarity, pair):
    """pyclarity would take 22050 Hz for 22 kHz."""
    import soxr

    at_22, at_24 = ([soxr.resample(each, RATE, rate) for each in pair] for rate in (22050, 24000))
    assert score(hasqi, *at_22, rate=22050).value == pytest.approx(score(hasqi, *at_24, rate=24000).value, abs=5e-3)


def test_what_is_not_heard_has_a_reason_and_nothing_is_printed(clarity, caplog):
    clicks = np.full(6000, 1e-9)
    clicks[[0, -1]] = 1
    with caplog.at_level(logging.DEBUG):
        answer = score(hasqi, clicks, clicks)
    assert (answer.value, answer.reason) == (None, "HASQI: the listener hears nothing of the reference")
    assert not caplog.records


@pytest.mark.parametrize("metric", METRICS)
def test_short_speech_in_long_silence_has_no_score(metric):
    reference = np.full(RATE, 1e-9)
    reference[4000:7900] = np.random.default_rng(0).standard_normal(3900)
    answer = score(metric, reference, reference)
    assert answer.value is None
    assert "less than 0.25 s of speech" in answer.reason


@pytest.mark.parametrize(
    "audiogram", [(0,) * 5, (0,) * 7, (0, 0, 0, 0, 0, -1), (0, 0, 0, 0, 0, 121), (0, 0, 0, 0, 0, np.nan)]
)
def test_what_is_no_audiogram_is_refused(pair, audiogram):
    with pytest.raises(InputError, match="6 hearing losses of 0 to 120 dB, at 250, 500, 1000, 2000, 4000, 6000 Hz"):
        check_audiogram(audiogram)
    with pytest.raises(InputError, match="give one for each"):
        score(haspi, *pair, audiogram=audiogram)


@pytest.mark.parametrize("metric", METRICS)
def test_missing_package_names_the_extra(monkeypatch, pair, metric):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("clarity"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'avse\[hearing\]'"):
        score(metric, *pair)


def test_torchaudio_is_not_loaded(clarity):
    """It does not fit every torch that the rest works with."""
    import subprocess
    import sys

    code = (
        "import sys, numpy as np\nfrom avse.metrics.hasqi import hasqi\n"
        "noise = np.random.default_rng(0).standard_normal(8000)\n"
        "hasqi(reference=noise, estimate=noise, sample_rate=16000)\n"
        "print([name for name in ('torch', 'torchaudio', 'hydra') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
