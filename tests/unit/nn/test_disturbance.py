"""The disturbance that training makes small: PESQ's order of things, and the relations that hold by its definition."""

import numpy as np
import pytest
import torch

from avse.metrics.pesq import pesq_wb
from avse.nn.disturbance import (
    N_BANDS,
    STFT,
    Disturbance,
    bark_bands,
    bounded,
    over_time,
    predicted_pesq,
    threshold_in_quiet_db,
)
from avse.synthetic.voice import speak

SNRS_DB = (-5, 0, 5, 10, 20, 30)


@pytest.fixture(scope="module")
def voice():
    waveform = speak(np.random.default_rng(3), duration_s=4.0).waveform
    return torch.from_numpy(np.asarray(waveform, dtype=np.float32).reshape(1, -1))


def _noisy(clean, snr_db, seed=0):
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    return clean + noise * (clean.square().mean() / noise.square().mean()).sqrt() * 10 ** (-snr_db / 20)


def test_it_orders_noises_as_pesq_does(voice):
    measure, ours, theirs = Disturbance(), [], []
    for snr_db in SNRS_DB:
        noisy = _noisy(voice, snr_db)
        ours.append(float(predicted_pesq(*measure(noisy, voice))))
        theirs.append(
            pesq_wb(reference=voice[0].numpy(), estimate=noisy[0].numpy(), sample_rate=STFT.sample_rate).value
        )
    assert ours == sorted(ours)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95
    assert np.abs(np.subtract(ours, theirs)).max() < 0.6


def test_a_copy_is_not_disturbed_however_loud_it_is(voice):
    measure = Disturbance()
    for gain in (1.0, 0.1, 3.0):
        symmetric, asymmetric = measure(gain * voice, voice)
        assert float(symmetric) < 0.05
        assert float(asymmetric) < 0.05
    louder = measure(4 * _noisy(voice, 5), voice)
    torch.testing.assert_close(louder[0], measure(_noisy(voice, 5), voice)[0], rtol=1e-3, atol=1e-3)


def test_only_what_is_added_counts_as_asymmetric(voice):
    spectrum = torch.fft.rfft(voice)
    spectrum[:, 4 * 2000 : 4 * 3000] = 0  # 2 to 3 kHz are missing
    _, missing = Disturbance()(torch.fft.irfft(spectrum, n=voice.shape[1]), voice)
    _, added = Disturbance()(_noisy(voice, 10), voice)
    assert float(missing) < 0.2 * float(added)


def test_gradients_lead_to_less(voice):
    measure = Disturbance()
    estimate = _noisy(voice, 0).requires_grad_()
    before = measure(estimate, voice)
    loss = (0.1 * before[0] + 0.0309 * before[1]).sum()
    (gradient,) = torch.autograd.grad(loss, estimate)
    assert torch.isfinite(gradient).all()
    step = 0.02 * estimate.detach().norm() / gradient.norm()
    after = measure(estimate.detach() - step * gradient, voice)
    assert float((0.1 * after[0] + 0.0309 * after[1]).sum()) < loss.item()


@pytest.mark.parametrize("reference", ["silence", "voice"])
def test_silence_gives_finite_numbers_and_gradients(voice, reference):
    target = voice if reference == "voice" else torch.zeros_like(voice)
    estimate = torch.zeros_like(voice).requires_grad_()
    loss = sum(Disturbance()(estimate, target)).sum()
    (gradient,) = torch.autograd.grad(loss, estimate)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


def test_every_bin_but_the_first_is_shared_out_whole():
    weights, widths, centres_hz = bark_bands(np.fft.rfftfreq(512, 1 / STFT.sample_rate))
    assert weights.shape == (257, N_BANDS)
    assert not weights[0].any()
    np.testing.assert_allclose(weights[1:-1].sum(axis=1), 1)
    np.testing.assert_allclose(weights[-1].sum(), 0.5)  # half of the last bin is beyond 8 kHz
    np.testing.assert_allclose(widths, widths[0])
    assert (np.diff(centres_hz) > 0).all()


def test_threshold_in_quiet_is_terhardts():
    # The ear is most sensitive between 3 and 4 kHz; 3.4 dB SPL at 1 kHz.
    assert threshold_in_quiet_db(np.array([1000.0]))[0] == pytest.approx(3.37, abs=0.05)
    grid = np.arange(100.0, 8000.0, 10.0)
    assert 3000 < grid[np.argmin(threshold_in_quiet_db(grid))] < 4000


def test_the_worst_frames_count_most_and_large_ones_are_bounded():
    even, uneven = torch.full((1, 40), 2.0), torch.zeros(1, 40)
    assert float(over_time(even)) == pytest.approx(2.0, abs=1e-5)
    uneven[0, ::4] = 2.0
    assert float(over_time(uneven)) > 1.5  # a plain mean says 0.5
    assert bounded(torch.tensor([10.0, 45.0, 145.0])).tolist() == pytest.approx([10.0, 45.0, 55.0])
