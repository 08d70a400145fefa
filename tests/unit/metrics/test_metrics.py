"""Metrics against closed forms, against the packages' own answers, and on what cannot be scored."""

import builtins

import numpy as np
import pesq
import pystoi
import pytest

from avse.errors import InputError, MissingExtraError
from avse.metrics.pesq import pesq_nb, pesq_wb
from avse.metrics.sdi import sdi
from avse.metrics.segmental_snr import segmental_snr
from avse.metrics.si_sdr import si_sdr
from avse.metrics.stoi import estoi, stoi
from avse.metrics.table import DEFAULT, METRICS, check_metrics

RATE = 16000
WITHOUT_REFERENCE = ("squim_stoi", "squim_pesq", "squim_si_sdr_db")
"""Judged in test_squim.py."""
JUDGED = [name for name in METRICS if name not in WITHOUT_REFERENCE]
PLAIN = [name for name in JUDGED if not METRICS[name].of_listener]
"""The others are judged in test_hearing.py."""


def speech_like(duration_s=2.0, rate=RATE, seed=0):
    """Harmonics of 120 Hz and some noise, in syllables with a long pause."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 120 * k * time_s + k) / k for k in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * time_s), 0, 1) * (np.abs(time_s - duration_s / 2) > 0.15)
    return (voice + 0.2 * rng.standard_normal(len(time_s))) * syllables * 0.1 + 1e-4 * rng.standard_normal(len(time_s))


def noise_like(waveform, seed=1):
    return np.random.default_rng(seed).standard_normal(len(waveform)) * np.std(waveform)


@pytest.mark.parametrize("ratio_db", [-12.0, 0.0, 7.5, 40.0])
def test_si_sdr_of_orthogonal_noise_is_the_ratio_of_powers(ratio_db):
    time_s = np.arange(RATE) / RATE
    reference, noise = np.sin(2 * np.pi * 200 * time_s), np.sin(2 * np.pi * 300 * time_s)
    estimate = reference + noise * 10 ** (-ratio_db / 20)
    assert si_sdr(reference=reference, estimate=estimate, sample_rate=RATE).value == pytest.approx(ratio_db, abs=1e-9)


@pytest.mark.parametrize("ratio_db", [-12.0, 0.0, 7.5])
def test_sdi_is_the_power_of_the_difference_by_that_of_speech(ratio_db):
    rng = np.random.default_rng(0)
    reference, noise = rng.standard_normal((2, RATE))
    noise *= np.linalg.norm(reference) / np.linalg.norm(noise) * 10 ** (-ratio_db / 20)
    given = {"reference": reference, "estimate": reference + noise, "sample_rate": RATE}
    assert sdi(**given).value == pytest.approx(10 ** (-ratio_db / 10))
    # White noise has the same ratio in every segment, but for chance.
    assert segmental_snr(**given).value == pytest.approx(max(-10, ratio_db), abs=0.3)
    assert sdi(reference=reference, estimate=reference, sample_rate=RATE).value == 0
    assert sdi(reference=reference, estimate=0.5 * reference, sample_rate=RATE).value == pytest.approx(0.25)


def test_segmental_snr_stays_within_its_range_and_needs_a_segment():
    reference = speech_like()
    assert segmental_snr(reference=reference, estimate=reference, sample_rate=RATE).value == 35
    assert segmental_snr(reference=reference, estimate=100 * reference, sample_rate=RATE).value == -10
    short = segmental_snr(reference=reference[:400], estimate=reference[:400], sample_rate=RATE)
    assert (short.value, short.reason) == (None, "segmental SNR: less than 0.03 s")


def test_segmental_snr_of_loud_and_soft_halves_is_the_mean_in_db():
    """The ratio of all powers would be near that of the loud half."""
    rng = np.random.default_rng(0)
    reference, noise = rng.standard_normal((2, 2 * RATE))
    reference[RATE:] *= 0.1
    noise *= 10 ** (-25 / 20)
    score = segmental_snr(reference=reference, estimate=reference + noise, sample_rate=RATE)
    assert score.value == pytest.approx((25 + 5) / 2, abs=0.3)


def test_si_sdr_ignores_level_sign_and_mean():
    reference = speech_like()
    estimate = reference + 0.3 * noise_like(reference)
    plain = si_sdr(reference=reference, estimate=estimate, sample_rate=RATE).value
    moved = si_sdr(reference=4 * reference - 0.5, estimate=-0.01 * estimate + 0.2, sample_rate=RATE).value
    assert moved == pytest.approx(plain, abs=1e-6)


def test_si_sdr_agrees_with_the_tensor_version():
    import torch

    from avse.signal.si_sdr import si_sdr_db

    reference = speech_like() + 0.05
    estimate = reference + noise_like(reference)
    ours = si_sdr(reference=reference, estimate=estimate, sample_rate=RATE).value
    assert ours == pytest.approx(si_sdr_db(torch.tensor(estimate), torch.tensor(reference)).item(), abs=1e-5)


@pytest.mark.parametrize(("metric", "mode"), [(pesq_wb, "wb"), (pesq_nb, "nb")])
def test_pesq_is_the_package_s_at_16_khz(metric, mode):
    reference = speech_like().astype(np.float32)
    estimate = reference + 0.3 * noise_like(reference).astype(np.float32)
    score = metric(reference=reference, estimate=estimate, sample_rate=RATE)
    assert score.value == pytest.approx(pesq.pesq(RATE, reference, estimate, mode), abs=1e-6)


def test_narrow_band_pesq_stays_at_8_khz():
    reference = speech_like(rate=8000).astype(np.float32)
    estimate = reference + 0.3 * noise_like(reference).astype(np.float32)
    score = pesq_nb(reference=reference, estimate=estimate, sample_rate=8000)
    assert score.value == pytest.approx(pesq.pesq(8000, reference, estimate, "nb"), abs=1e-6)


@pytest.mark.parametrize(("metric", "extended"), [(stoi, False), (estoi, True)])
def test_stoi_is_pystoi_s(metric, extended):
    reference = speech_like()
    estimate = reference + noise_like(reference)
    score = metric(reference=reference, estimate=estimate, sample_rate=RATE)
    assert score.value == pytest.approx(pystoi.stoi(reference, estimate, RATE, extended=extended), abs=1e-9)


def test_extended_stoi_is_the_same_in_every_run():
    clean = speech_like()
    noisy = clean + noise_like(clean)
    assert len({estoi(reference=clean, estimate=noisy, sample_rate=RATE).value for _ in range(8)}) == 1


@pytest.mark.parametrize("name", PLAIN)
def test_more_noise_scores_worse(name):
    reference = speech_like()
    values = [
        METRICS[name].compute(reference=reference, estimate=reference + level * noise_like(reference), sample_rate=RATE)
        for level in (0.05, 0.4, 3.0)
    ]
    sign = -1 if METRICS[name].less_is_better else 1
    assert sign * values[0].value > sign * values[1].value > sign * values[2].value


@pytest.mark.parametrize("name", DEFAULT)
def test_level_of_the_estimate_does_not_matter(name):
    reference = speech_like()
    estimate = reference + 0.3 * noise_like(reference)
    plain, loud = (
        METRICS[name].compute(reference=reference, estimate=estimate * level, sample_rate=RATE).value
        for level in (1.0, 2.0)
    )
    assert loud == pytest.approx(plain, abs=2e-3)


@pytest.mark.parametrize("name", ["pesq_wb", "stoi", "estoi"])
def test_the_rate_is_converted(name):
    """The same audio at 48 kHz scores as at 16 kHz; a rate that is ignored would shift every band."""
    import soxr

    reference = speech_like()
    estimate = reference + 0.3 * noise_like(reference)
    low = METRICS[name].compute(reference=reference, estimate=estimate, sample_rate=RATE).value
    pair = {"reference": soxr.resample(reference, RATE, 48000), "estimate": soxr.resample(estimate, RATE, 48000)}
    assert METRICS[name].compute(**pair, sample_rate=48000).value == pytest.approx(low, abs=0.03)


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda r, e: (np.zeros_like(r), e), "reference is silent"),
        (lambda r, e: (r, np.zeros_like(e)), "estimate is silent"),
        (lambda r, e: (r, np.where(np.arange(len(e)) == 7, np.nan, e)), "estimate holds NaN"),
        (lambda r, e: (np.where(np.arange(len(r)) == 7, np.inf, r), e), "reference holds NaN or infinity"),
        (lambda r, e: (r, e[:-1]), "lengths differ: reference 16000 samples, estimate 15999"),
        (lambda r, e: (r[:0], e[:0]), "silent"),
    ],
)
def test_what_cannot_be_scored_has_a_reason_and_no_value(name, spoil, reason):
    reference = speech_like(1.0)
    reference, estimate = spoil(reference, reference + noise_like(reference))
    score = METRICS[name].compute(reference=reference, estimate=estimate, sample_rate=RATE)
    assert score.value is None
    assert reason in score.reason


@pytest.mark.parametrize("name", JUDGED)
def test_two_channels_are_an_error(name):
    stereo = np.ones((2, RATE))
    with pytest.raises(InputError, match="must be mono"):
        METRICS[name].compute(reference=stereo, estimate=stereo, sample_rate=RATE)


@pytest.mark.parametrize(
    ("name", "n_samples", "reason"),
    [
        *((name, n, "is shorter than 0.25 s") for name in ("pesq_wb", "pesq_nb") for n in (1, 100, 3900)),
        *((name, n, "less than 0.4 s of speech") for name in ("stoi", "estoi") for n in (1, 100, 6300)),
    ],
)
def test_short_audio_has_no_perceptual_score(name, n_samples, reason):
    """1e-5 is pystoi's answer for it, which would pass for a very bad score."""
    reference = speech_like(1.0)[-n_samples:]
    score = METRICS[name].compute(reference=reference, estimate=reference + 0.01, sample_rate=RATE)
    assert score.value is None
    assert reason in score.reason


def test_little_speech_in_long_silence_has_no_stoi():
    reference = np.full(2 * RATE, 1e-9)
    reference[:2000] = speech_like(1.0)[1000:3000]
    score = stoi(reference=reference, estimate=reference + 1e-9 * noise_like(reference), sample_rate=RATE)
    assert (score.value, score.reason) == (None, "less than 0.4 s of speech")


def test_exact_copy_has_an_infinite_ratio_and_so_no_value():
    reference = speech_like(1.0)
    score = si_sdr(reference=reference, estimate=0.5 * reference, sample_rate=RATE)
    assert (score.value, score.reason) == (None, "the estimate is the reference: the ratio is infinite")


def test_very_quiet_audio_has_a_ratio_as_loud_audio_has():
    reference = speech_like(1.0)
    estimate = reference + 1e-4 * noise_like(reference)
    scores = [
        si_sdr(reference=level * reference, estimate=level * estimate, sample_rate=RATE).value for level in (1, 1e-9)
    ]
    assert scores[1] == pytest.approx(scores[0], abs=1e-6)


def test_constant_audio_has_no_ratio():
    reference = speech_like(1.0)
    score = si_sdr(reference=reference, estimate=np.full_like(reference, 0.25), sample_rate=RATE)
    assert (score.value, score.reason) == (None, "a waveform is constant")


def bursts(duration_s, on_s, off_s):
    time_s = np.arange(round(duration_s * RATE)) / RATE
    rng = np.random.default_rng(0)
    reference = 0.1 * rng.standard_normal(len(time_s)) * (time_s % (on_s + off_s) < on_s)
    return reference, reference + 0.002 * rng.standard_normal(len(time_s))


def test_pesq_survives_more_utterances_than_the_package_holds():
    """The package overruns its memory and takes the process with it."""
    reference, estimate = bursts(30, 0.25, 0.25)
    score = pesq_wb(reference=reference, estimate=estimate, sample_rate=RATE)
    assert score.value is None
    assert "these 30 s, which hold more than 50 utterances" in score.reason


def test_pesq_of_a_long_recording_is_the_package_s():
    reference, estimate = (waveform.astype(np.float32) for waveform in bursts(21, 2, 0.5))
    score = pesq_wb(reference=reference, estimate=estimate, sample_rate=RATE)
    assert score.value == pytest.approx(pesq.pesq(RATE, reference, estimate, "wb"), abs=1e-6)


def test_missing_package_names_the_extra(monkeypatch):
    real = builtins.__import__

    def without_pesq(name, *rest, **named):
        if name == "pesq":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_pesq)
    reference = speech_like(1.0)
    with pytest.raises(MissingExtraError, match=r"pip install 'avse\[score\]'"):
        pesq_wb(reference=reference, estimate=reference, sample_rate=RATE)


def test_unknown_metric_is_named():
    with pytest.raises(InputError, match=r"pesq_wb, .* but one is 'sdr'"):
        check_metrics(["stoi", "sdr"])


def test_noisy_scores_of_real_mixtures_agree_with_an_independent_run(fixed_mixtures):
    """The list of scores was made elsewhere, with other code around the same definitions."""
    tolerances = {"pesq_wb": 1e-4, "stoi": 1e-4, "estoi": 1e-4, "si_sdr_db": 1e-3}  # the list is rounded
    for clip, expected in fixed_mixtures(8):
        for name, tolerance in tolerances.items():
            score = METRICS[name].compute(reference=clip.clean, estimate=clip.noisy, sample_rate=RATE)
            assert score.value == pytest.approx(expected["noisy"][name], abs=tolerance), (expected["id"], name)
