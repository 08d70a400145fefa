"""Tones keep their place and height; blocks join to the whole."""

import itertools

import numpy as np
import pytest

from avse.signal.resample import StreamingResampler, resample


@pytest.mark.parametrize(("source_rate", "target_rate"), [(48000, 16000), (16000, 44100), (22050, 16000)])
def test_a_tone_below_both_bands_is_sampled_again(source_rate, target_rate):
    tone = [np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32) for rate in (source_rate, target_rate)]
    converted = resample(tone[0], source_rate=source_rate, target_rate=target_rate)
    assert len(converted) == target_rate
    inside = slice(target_rate // 10, -target_rate // 10)
    np.testing.assert_allclose(converted[inside], tone[1][inside], atol=1e-4)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_blocks_join_to_the_whole(n_channels):
    rng = np.random.default_rng(0)
    waveform = rng.standard_normal((n_channels, 30001)).astype(np.float32)
    stream = StreamingResampler(source_rate=44100, target_rate=16000, n_channels=n_channels)
    cuts = [0, 1, 500, 12345, 30001]
    blocks = [stream.push(waveform[:, start:end]) for start, end in itertools.pairwise(cuts)]
    joined = np.concatenate([*blocks, stream.finish()], axis=1)
    whole = np.stack([resample(row, source_rate=44100, target_rate=16000) for row in waveform])
    np.testing.assert_allclose(joined, whole, atol=1e-6)


def test_equal_rates_change_nothing():
    waveform = np.arange(5, dtype=np.float32)
    np.testing.assert_array_equal(resample(waveform, source_rate=8000, target_rate=8000), waveform)
