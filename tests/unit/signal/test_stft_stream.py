"""The streaming transform is the one on tensors, whatever the blocks, and its inverse gives the samples back."""

import numpy as np
import pytest
import torch

from avse.signal.stft import stft
from avse.signal.stft_config import StftConfig
from avse.signal.stft_stream import StreamingISTFT, StreamingSTFT

CONFIG = StftConfig(window=512, hop=320, sample_rate=16000)


@pytest.fixture
def waveform():
    return np.random.default_rng(0).standard_normal((2, 5003)).astype(np.float32)


def _transform(waveform, cuts):
    stream = StreamingSTFT(CONFIG, n_channels=len(waveform))
    pieces = np.split(waveform, cuts, axis=1)
    return np.concatenate([*(stream.push(piece) for piece in pieces), stream.finish()], axis=2)


@pytest.mark.parametrize("cuts", [[], [1], [100, 101, 2000], list(range(37, 5000, 37))])
def test_equals_the_transform_on_tensors(waveform, cuts):
    whole = stft(torch.from_numpy(waveform), CONFIG).numpy()
    np.testing.assert_allclose(_transform(waveform, cuts), whole, atol=1e-4)


@pytest.mark.parametrize("cuts", [[], [1, 2, 9]])
def test_inverse_gives_the_samples_back(waveform, cuts):
    spectrum = _transform(waveform, [])
    stream = StreamingISTFT(CONFIG, n_channels=2)
    pieces = [stream.push(piece) for piece in np.split(spectrum, cuts, axis=2)]
    joined = np.concatenate([*pieces, stream.finish()], axis=1)
    np.testing.assert_allclose(joined[:, : waveform.shape[1]], waveform, atol=1e-5)


@pytest.mark.parametrize("n_samples", [1, 255, 256, 257, 320, 576, 577])
def test_every_length_comes_back_whole(n_samples):
    waveform = np.ones((1, n_samples), dtype=np.float32)
    stream = StreamingISTFT(CONFIG, n_channels=1)
    joined = np.concatenate([stream.push(_transform(waveform, [])), stream.finish()], axis=1)
    assert joined.shape[1] >= n_samples
    np.testing.assert_allclose(joined[:, :n_samples], waveform, atol=1e-4)
