"""Metrics against closed forms, against the packages they stand on, and against each other."""

import numpy as np
import pytest
import torch
from pesq import pesq
from pystoi import stoi as pystoi

from avse.data.voice import speak
from avse.errors import InputError, MissingExtraError
from avse.metrics.pesq import pesq_nb, pesq_wb
from avse.metrics.si_sdr import si_sdr
from avse.metrics.stoi import estoi, stoi
from avse.metrics.table import METRICS, check_metrics
from avse.signal.si_sdr import si_sdr_db

RATE = 16000


@pytest.fixture(scope="module")
def reference():
    return speak(np.random.default_rng(0), duration_s=2.0).waveform


def _noisy(reference, snr_db, *, seed=1):
    noise = np.random.default_rng(seed).standard_normal(len(reference))
    gain = np.sqrt(np.mean(reference**2) / np.mean(noise**2) / 10 ** (snr_db / 10))
    return (reference + gain * noise).astype(np.float32)


@pytest.mark.parametrize("ratio_db", [-10.0, 0.0, 7.5])
def test_si_sdr_of_noise_at_a_right_angle_is_the_ratio(ratio_db):
    time = np.arange(1600)
    target, noise = np.sin(2 * np.pi * time / 16), np.sin(2 * np.pi * time / 10)
    estimate = 3 * (target + 10 ** (-ratio_db / 20) * noise) + 0.7
    score = si_sdr(reference=target, estimate=estimate, sample_rate=RATE)
    assert score.value == pytest.approx(ratio_db, abs=1e-6)


def test_si_sdr_on_arrays_and_on_tensors_agree(reference):
    estimate = _noisy(reference, 3)
    on_tensors = si_sdr_db(torch.from_numpy(estimate), torch.from_numpy(reference)).item()
    assert si_sdr(reference=reference, estimate=estimate, sample_rate=RATE).value == pytest.approx(on_tensors, abs=1e-3)


def test_si_sdr_without_bounds_has_no_value(reference):
    copy = si_sdr(reference=reference, estimate=2 * reference, sample_rate=RATE)
    assert copy.value is None
    assert "infinite" in copy.reason


def test_scores_are_those_of_the_packages(reference):
    estimate = _noisy(reference, 10)
    pair = {"reference": reference, "estimate": estimate, "sample_rate": RATE}
    assert pesq_wb(**pair).value == pytest.approx(pesq(RATE, reference, estimate, "wb"))
    assert pesq_nb(**pair).value == pytest.approx(pesq(RATE, reference, estimate, "nb"))
    assert stoi(**pair).value == pytest.approx(pystoi(reference, estimate, RATE))
    assert estoi(**pair).value == pytest.approx(pystoi(reference, estimate, RATE, extended=True))


@pytest.mark.parametrize("name", METRICS)
def test_less_noise_scores_higher(reference, name):
    scores = [
        METRICS[name].compute(reference=reference, estimate=_noisy(reference, snr_db), sample_rate=RATE).value
        for snr_db in (0, 15, 30)
    ]
    assert scores == sorted(scores)
    assert scores[0] < scores[2]


@pytest.mark.parametrize("name", METRICS)
def test_the_estimates_level_does_not_matter(reference, name):
    estimate = _noisy(reference, 10)
    scores = [
        METRICS[name].compute(reference=reference, estimate=factor * estimate, sample_rate=RATE).value
        for factor in (1, 0.25)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=5e-3)


def test_pesq_hears_a_telephone_at_its_own_rate(reference):
    telephone = speak(np.random.default_rng(0), duration_s=2.0, sample_rate=8000).waveform
    estimate = _noisy(telephone, 10)
    score = pesq_nb(reference=telephone, estimate=estimate, sample_rate=8000)
    assert score.value == pytest.approx(pesq(8000, telephone, estimate, "nb"))


@pytest.mark.parametrize("name", METRICS)
def test_what_cannot_be_judged_has_a_reason_and_no_number(reference, name):
    compute = METRICS[name].compute
    broken = reference.copy()
    broken[5] = np.nan
    for pair, reason in (
        ((reference, 0 * reference), "estimate is silent"),
        ((0 * reference, reference), "reference is silent"),
        ((reference, broken), "estimate holds NaN"),
    ):
        score = compute(reference=pair[0], estimate=pair[1], sample_rate=RATE)
        assert score.value is None
        assert reason in score.reason


def test_too_little_speech_has_a_reason(reference):
    short = {"reference": reference[3000:5000], "estimate": _noisy(reference, 5)[3000:5000], "sample_rate": RATE}
    assert stoi(**short).value is None
    assert "0.4 s" in stoi(**short).reason
    assert pesq_wb(**short).value is None
    assert "PESQ" in pesq_wb(**short).reason


@pytest.mark.parametrize("name", METRICS)
def test_pairs_of_other_shapes_are_refused(reference, name):
    with pytest.raises(InputError, match="equally long"):
        METRICS[name].compute(reference=reference, estimate=reference[:-1], sample_rate=RATE)


def test_a_missing_package_is_named_with_its_extra(reference, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pesq", None)
    with pytest.raises(MissingExtraError, match=r"avse\[score\]"):
        pesq_wb(reference=reference, estimate=_noisy(reference, 5), sample_rate=RATE)


def test_unknown_metrics_are_refused():
    with pytest.raises(InputError, match="must be of pesq_wb"):
        check_metrics(["stoi", "beauty"])
