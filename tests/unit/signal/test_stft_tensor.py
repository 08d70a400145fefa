"""The tensor transform: against scipy, and back."""

import numpy as np
import scipy.signal
import torch

from avse.signal.normalise import sliding_mean_std
from avse.signal.si_sdr import si_sdr_db
from avse.signal.stft import istft, log_power, stft
from avse.signal.stft_config import StftConfig

CONFIG = StftConfig(window=512, hop=320, sample_rate=16000)


def test_a_tone_has_its_power_in_its_bin():
    # A Hann window of 512 sums to 256: a cosine of amplitude A at a bin's centre gives |X| = A * 128.
    samples = torch.arange(16000)
    spectrum = stft(0.5 * torch.cos(2 * torch.pi * 32 * samples / 512), CONFIG)
    middle = spectrum[:, 20].abs()
    assert middle.argmax() == 32
    torch.testing.assert_close(middle[32], torch.tensor(64.0), rtol=1e-4, atol=0)
    torch.testing.assert_close(
        log_power(spectrum)[32, 20], torch.tensor(2 * np.log(64.0), dtype=torch.float32), rtol=1e-4, atol=0
    )


def test_equals_scipy():
    waveform = torch.randn(5000, generator=torch.manual_seed(0))
    transform = scipy.signal.ShortTimeFFT(
        scipy.signal.get_window("hann", 512), hop=320, fs=1, scale_to=None, phase_shift=None
    )
    theirs = transform.stft(waveform.numpy(), p0=0, p1=17, padding="zeros")
    np.testing.assert_allclose(stft(waveform, CONFIG).numpy(), theirs, atol=2e-4)


def test_inverse_gives_the_waveform_back_at_any_length():
    for n_samples in (1600, 1601, 47648):
        waveform = torch.randn(2, n_samples, generator=torch.manual_seed(1))
        back = istft(stft(waveform, CONFIG), CONFIG, n_samples=n_samples)
        torch.testing.assert_close(back, waveform, atol=1e-4, rtol=0)


def test_sliding_statistics_equal_a_plain_loop():
    features = torch.randn(2, 3, 40, generator=torch.manual_seed(2)) * 5 + 100
    mean, std = sliding_mean_std(features, radius=7, min_std=0.01)
    for frame in (0, 3, 20, 39):
        piece = features[..., max(0, frame - 7) : frame + 8]
        torch.testing.assert_close(mean[..., frame], piece.mean(-1), rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(std[..., frame], piece.std(-1, correction=0), rtol=1e-3, atol=1e-3)


def test_short_recordings_are_normalised_as_a_whole_and_constants_divide_safely():
    features = torch.randn(1, 2, 12, generator=torch.manual_seed(3))
    features[:, 1] = 4.0
    mean, std = sliding_mean_std(features, radius=11, min_std=0.5)
    torch.testing.assert_close(mean[0, 0], features[0, 0].mean().expand(12))
    torch.testing.assert_close(std[0, 0], features[0, 0].std(correction=0).expand(12))
    assert (std[0, 1] == 0.5).all()


def test_si_sdr_of_a_known_mixture():
    # Two orthogonal tones of amplitudes 1 and 0.1: 20 dB, whatever the level and the offset.
    time = torch.arange(16000, dtype=torch.float64) / 16000
    reference, other = torch.sin(2 * torch.pi * 440 * time), torch.sin(2 * torch.pi * 1000 * time)
    estimate = 3 * (reference + 0.1 * other) + 0.7
    torch.testing.assert_close(
        si_sdr_db(estimate, reference), torch.tensor(20.0, dtype=torch.float64), atol=1e-6, rtol=0
    )
