"""Length, rate and channels are the input's; whole, chunked and streamed are equal; the video has its moment."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from factor import Factor

from avse.enhance.enhancer import Enhancer
from avse.enhance.notices import other_faces, without_mouth
from avse.enhance.stream import EnhancerStream, Mixing
from avse.errors import InputError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.models.avdcnn import AVDCNN
from avse.models.avdcnn_config import AVDCNNConfig


def _noise(duration_s, *, rate, n_channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((n_channels, round(duration_s * rate)))).astype(np.float32)


def _mouth(n_frames=100, *, fps=25.0, absent=slice(0, 0)):
    present = np.ones(n_frames, bool)
    present[absent] = False
    crops = np.zeros((n_frames, 2, 3, 3), np.uint8) + np.arange(n_frames, dtype=np.uint8)[:, None, None, None]
    return MouthTrack(np.arange(n_frames) / fps, crops, present, FaceReport(1, float(present.mean()), "the only one"))


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_a_model_that_changes_nothing_gives_the_input_back(rate, n_channels):
    noisy = _noise(1.2345, rate=rate, n_channels=n_channels)
    enhanced = Enhancer(Factor()).enhance(noisy, sample_rate=rate)
    assert enhanced.shape == noisy.shape
    np.testing.assert_allclose(enhanced, noisy, atol=1e-5)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_gain_holds_in_the_whole_band(rate):
    noisy = _noise(1.5, rate=rate)
    enhanced = Enhancer(Factor(audio_only=0.25)).enhance(noisy, sample_rate=rate, mixing=Mixing(keep_level=False))
    np.testing.assert_allclose(enhanced[:, 1000:-1000], 0.25 * noisy[:, 1000:-1000], atol=1e-3)


def test_channels_keep_their_levels():
    noisy = _noise(1, rate=16000) * np.array([[1.0], [0.1]], np.float32)
    enhanced = Enhancer(Factor(audio_only=0.5)).enhance(noisy, sample_rate=16000, mixing=Mixing(keep_level=False))
    np.testing.assert_allclose(enhanced, 0.5 * noisy, atol=1e-5)


def test_what_the_model_takes_from_all_channels_alike_is_synthetic_for():
    noisy = _noise(3, rate=16000) * np.array([[1.0], [0.1]], np.float32)
    enhanced = Enhancer(Factor(audio_only=0.7)).enhance(noisy, sample_rate=16000)
    np.testing.assert_allclose(enhanced[:, 2000:-2000], noisy[:, 2000:-2000], atol=1e-4)


@pytest.fixture(scope="module")
def avdcnn():
    torch.manual_seed(0)
    return AVDCNN.build(AVDCNNConfig(normalisation_radius=20)).eval()


@pytest.mark.parametrize("rate", [16000, 44100])
def test_whole_chunked_and_streamed_are_equal(avdcnn, rate):
    noisy = _noise(6, rate=rate, n_channels=2)
    rng = np.random.default_rng(1)
    crops = rng.integers(0, 255, (150, 32, 48, 3)).astype(np.uint8)
    present = np.ones(150, bool)
    present[40:80] = False
    mouth = MouthTrack(np.arange(150) / 25, crops, present, FaceReport(1, float(present.mean()), "the only one"))
    whole = Enhancer(avdcnn).enhance(noisy, sample_rate=rate, mouth=mouth)
    for chunk_frames, largest in itertools.product((37, 10_000), (4000, 100_000)):
        stream = EnhancerStream(avdcnn, sample_rate=rate, n_channels=2, mouth=mouth, chunk_frames=chunk_frames)
        cuts = np.cumsum(rng.integers(1, largest, 200))
        pieces = [stream.push(piece) for piece in np.split(noisy, cuts[cuts < noisy.shape[1]], axis=1)]
        streamed = np.concatenate([*pieces, stream.finish()], axis=1)
        np.testing.assert_allclose(streamed, whole, atol=1e-5)


def test_memory_of_a_stream_is_bounded():
    stream = EnhancerStream(Factor(), sample_rate=16000, n_channels=1, chunk_frames=50)
    given = taken = 0
    for _ in range(60):
        given += 16000
        taken += stream.push(np.ones((1, 16000), np.float32)).shape[1]
        assert given - taken <= 16000 * (1 + (50 + 10 + 3) * 0.02)


def test_the_video_is_the_one_of_the_moment_and_the_offset_moves_it():
    for offset_s in (0.0, 0.4, -0.2):
        model = Factor()
        Enhancer(model).enhance(_noise(2, rate=16000), sample_rate=16000, mouth=_mouth(), offset_s=offset_s)
        shown, present = model.seen[0]
        times_s = np.arange(len(shown)) * 0.02
        late_s = (shown / 25 - times_s)[20:80]
        assert present[20:80].all()
        assert np.abs(late_s - offset_s).max() <= 0.5 / 25 + 1e-9


def test_a_lost_face_is_faded_out_and_in_again():
    model = Factor(with_video=1.0, audio_only=0.0)
    mouth = _mouth(200, absent=slice(75, 125))
    noisy = np.ones((1, 8 * 16000), np.float32)
    stream = EnhancerStream(model, sample_rate=16000, n_channels=1, mouth=mouth, mixing=Mixing(keep_level=False))
    enhanced = np.concatenate([stream.push(noisy), stream.finish()], axis=1)[0]
    gain = enhanced[::320]
    # A missing face is bridged for 0.2 s on both sides, so 3.16 to 4.8 s are absent; 0.2 s beyond are the fade.
    assert gain[: int(2.9 * 50)] == pytest.approx(1, abs=1e-3)
    assert gain[int(3.2 * 50) : int(4.75 * 50)] == pytest.approx(0, abs=1e-3)
    assert gain[int(5.05 * 50) :] == pytest.approx(1, abs=1e-3)
    assert np.abs(np.diff(gain)).max() < 0.15
    assert stream.gain.n_with_video / stream.gain.n_frames == pytest.approx(1 - 1.62 / 8, abs=0.01)


def test_mix_and_attenuation_limit():
    noisy = _noise(1, rate=16000)
    enhancer = Enhancer(Factor(audio_only=0.0))
    for mixing, share in (
        (Mixing(mix=0.0), 1.0),
        (Mixing(mix=0.75), 0.25),
        (Mixing(attenuation_limit_db=20.0), 0.1),
        (Mixing(attenuation_limit_db=0.0), 1.0),
    ):
        enhanced = enhancer.enhance(noisy, sample_rate=16000, mixing=mixing)
        np.testing.assert_allclose(enhanced, share * noisy, atol=1e-5)


@pytest.mark.parametrize("wrong", [{"mix": 1.2}, {"mix": float("nan")}, {"attenuation_limit_db": -3.0}])
def test_mixing_out_of_range_is_refused(wrong):
    with pytest.raises(InputError, match=r"must be (0|at least 0)"):
        Mixing(**wrong)


def test_silence_stays_silent_and_finite(avdcnn):
    enhanced = Enhancer(avdcnn).enhance(np.zeros((2, 22050), np.float32), sample_rate=22050)
    assert np.abs(enhanced).max() < 1e-6


def test_a_very_short_waveform_comes_back_as_long(avdcnn):
    noisy = _noise(0.003, rate=48000)
    assert Enhancer(avdcnn).enhance(noisy[0], sample_rate=48000).shape == noisy[0].shape


@pytest.mark.parametrize("wrong", [np.zeros(0, np.float32), np.array([0, np.nan], np.float32), np.array([np.inf])])
def test_what_is_no_audio_is_refused(wrong):
    with pytest.raises(InputError, match="must hold finite samples"):
        Enhancer(Factor()).enhance(wrong, sample_rate=16000)


@pytest.mark.parametrize("rate", [1000, 768_000])
def test_the_lowest_and_the_highest_rate_are_taken_and_those_beyond_refused(rate):
    EnhancerStream(Factor(), sample_rate=rate, n_channels=1)
    beyond = rate - 1 if rate == 1000 else rate + 1
    with pytest.raises(InputError, match=f"whole number of 1000 to 768000 Hz but is {beyond}"):
        EnhancerStream(Factor(), sample_rate=beyond, n_channels=1)


@pytest.mark.parametrize(("speaker", "n_faces", "n_lines"), [("auto", 2, 1), ("auto", 1, 0), ("left", 2, 0)])
def test_other_faces_are_named_where_nobody_chose_among_them(speaker, n_faces, n_lines):
    lines = other_faces(Path("talk.mp4"), FaceReport(n_faces, 1.0, "face 1 of 2, left"), speaker=speaker)
    assert len(lines) == n_lines
    assert all("2 faces, face 1 of 2, left; see them with: avse-faces talk.mp4" in line for line in lines)


def test_why_the_video_did_not_help():
    def words(mouth):
        (line,) = without_mouth(mouth, video_fraction=0.25, duration_s=8.0)
        return line

    assert words(_mouth(1)) == "enhanced audio-only for 6.0 of 8.0 s: there is no steady video of the mouth there"
    assert words(_mouth(absent=slice(10, 90))) == "enhanced audio-only for 6.0 of 8.0 s: no face was chosen there"
    nobody = MouthTrack(np.arange(3) / 25, np.zeros((3, 2, 3, 3), np.uint8), np.zeros(3, bool), FaceReport(0, 0.0, ""))
    assert words(nobody) == "enhanced audio-only for 6.0 of 8.0 s: no face was seen there"
    assert without_mouth(None, video_fraction=0.0, duration_s=8.0) == []
    assert without_mouth(nobody, video_fraction=0.999, duration_s=8.0) == []
