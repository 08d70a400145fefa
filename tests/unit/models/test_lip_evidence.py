"""Evidence from the spectrum: that of the waveform, in pieces of any size."""

import numpy as np
import pytest
import torch

from avse.faces.correspondence import AudioListener
from avse.models.lip_evidence import LipEvidence
from avse.models.onnx_lips import OnnxLips
from avse.signal.clock import video_frame_indices
from avse.signal.stft import stft
from avse.signal.stft_config import StftConfig

HOP = 256


@pytest.fixture(scope="module")
def lips():
    return OnnxLips()


@pytest.fixture(scope="module")
def voice():
    """Six seconds of noise that is loud and soft in turn, and low and high."""
    rng = np.random.default_rng(1)
    times_s = np.arange(6 * 16000) / 16000
    white = rng.standard_normal(len(times_s))
    low = np.convolve(white, np.ones(12) / 12, mode="same")
    share = 0.5 + 0.5 * np.sin(2 * np.pi * 2.3 * times_s)
    loud = np.clip(np.sin(2 * np.pi * 1.7 * times_s) + 0.3, 0.01, None)
    return (0.1 * loud * (share * low * 3 + (1 - share) * white)).astype(np.float32)


def _weigh(lips, spectrum, embeddings, present, cuts):
    return _follow(lips, spectrum, embeddings, present, cuts)[0]


def _follow(lips, spectrum, embeddings, present, cuts):
    """Evidence, and whether the lips are in time."""
    evidence, state, found = LipEvidence(lips, hop=HOP), None, []
    for first, last in zip((0, *cuts), (*cuts, spectrum.shape[1]), strict=True):
        *pair, state = evidence.weigh(spectrum[:, first:last], embeddings[first:last], present[first:last], state)
        found.append(pair)
    return [np.concatenate(some) for some in zip(*found, strict=True)]


def _inputs(voice):
    config = StftConfig(window=512, hop=HOP, sample_rate=16000)
    spectrum = stft(torch.from_numpy(voice), config).numpy()
    shown = video_frame_indices(spectrum.shape[1], stft=config, rate_hz=25.0)
    per_video_frame = np.random.default_rng(2).standard_normal((shown[-1] + 1, 33)).astype(np.float32)
    return spectrum, per_video_frame, shown


def test_it_is_what_the_waveform_gives(lips, voice):
    spectrum, embeddings, shown = _inputs(voice)
    weights = _weigh(lips, spectrum, embeddings[shown], np.ones(len(shown), bool), ())
    listener = AudioListener(lips, sample_rate=16000)
    listener.push(voice[None])
    audio = listener.finish()
    expected = (embeddings[: len(audio)] * audio).sum(axis=1)
    found = weights[weights != 0]
    n = min(len(found), len(expected))
    assert n >= 6 * 25 - 2
    # Steps of 10 ms are read between frames 16 ms apart.
    assert np.corrcoef(found[:n], expected[:n])[0, 1] > 0.97


def test_pieces_of_any_size_give_the_same(lips, voice):
    spectrum, embeddings, shown = _inputs(voice)
    present = np.arange(len(shown)) % 50 > 10
    whole = _weigh(lips, spectrum, embeddings[shown], present, ())
    pieces = _weigh(lips, spectrum, embeddings[shown], present, (1, 2, 3, 40, 41, 200))
    np.testing.assert_allclose(pieces, whole, atol=1e-4)


@pytest.mark.parametrize("late", [0, 6])
def test_lips_that_fit_what_was_heard_before_are_not_in_time(lips, voice, late):
    spectrum, _, shown = _inputs(voice)
    listener = AudioListener(lips, sample_rate=16000)
    listener.push(voice[None])
    audio = listener.finish()
    fitting = np.concatenate([np.zeros((late, audio.shape[1]), np.float32), audio])[np.minimum(shown, len(audio) - 1)]
    present = np.ones(len(shown), bool)
    _, whole = _follow(lips, spectrum, fitting - fitting.mean(axis=0), present, ())
    _, pieces = _follow(lips, spectrum, fitting - fitting.mean(axis=0), present, (1, 2, 3, 40, 41, 200))
    np.testing.assert_array_equal(pieces, whole)
    assert whole[0]
    assert whole[-1] == (late == 0)


def test_frames_without_a_face_weigh_nothing(lips, voice):
    spectrum, embeddings, shown = _inputs(voice)
    assert not _weigh(lips, spectrum, embeddings[shown], np.zeros(len(shown), bool), ()).any()
