"""Mouths and audio embedded piece by piece."""

from dataclasses import replace

import numpy as np
import pytest

from avse.faces.correspondence import PIECE_FRAMES, AudioListener, evidence, read_lips
from avse.faces.lip_scorer import LipScorer
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.signal.resample import resample
from avse.signal.voice_features import VoiceFeatures, voice_powers


class Reader:
    """Stands for the lip network: embeddings are simple functions of what comes in, and the state counts frames."""

    crop_size = (4, 6)

    def watch(self, motion, state):
        n = (state or 0) + np.arange(len(motion))
        level = motion.mean(axis=(1, 2, 3))
        return np.ones((len(motion), 9), np.float32), np.stack([level, n], axis=1).astype(np.float32), n[-1] + 1

    def listen(self, features, state):
        n = (state or 0) + np.arange(len(features))
        return np.stack([features.mean(axis=1), n], axis=1).astype(np.float32), n[-1] + 1


@pytest.fixture
def mouth():
    rng = np.random.default_rng(0)
    n = PIECE_FRAMES + 40
    present = np.ones(n, bool)
    present[30:60] = False
    crops = rng.integers(0, 256, (n, 4, 6, 3), dtype=np.uint8)
    return MouthTrack(np.arange(n) / 25, crops, present, FaceReport(1, 1.0, "face 1 of 1"))


def test_lips_are_read_over_pieces_with_one_state(mouth):
    predictions = read_lips(Reader(), mouth, n_frames=PIECE_FRAMES + 40)
    np.testing.assert_array_equal(predictions.embedding[predictions.present, 1], np.flatnonzero(predictions.present))
    assert not predictions.present[36:54].any()  # bridged by 0.2 s at both ends
    assert predictions.cue[~predictions.present].max() == 0
    assert predictions.embedding[~predictions.present].max() == 0
    late = read_lips(Reader(), mouth, n_frames=20, first_time_s=0.4)
    np.testing.assert_array_equal(late.present, predictions.present[10:30])


@pytest.mark.parametrize("rate", [16000, 44100])
def test_audio_in_blocks(rate):
    rng = np.random.default_rng(1)
    stereo = rng.standard_normal((2, 2 * rate + 77)).astype(np.float32)
    listener = AudioListener(Reader(), sample_rate=rate)
    listener.push_all(stereo[:, a : a + 5000] for a in range(0, stereo.shape[1], 5000))
    features = listener.finish()
    mono = resample(stereo.mean(axis=0), source_rate=rate, target_rate=16000)
    whole = VoiceFeatures().push(voice_powers(mono, sample_rate=16000, n_frames=len(features)))
    assert len(features) == 51
    np.testing.assert_array_equal(features[:, 1], np.arange(51))
    np.testing.assert_allclose(features[:, 0], whole.mean(axis=1), atol=1e-3)


def test_evidence_is_the_dot_product(mouth):
    predictions = read_lips(Reader(), mouth, n_frames=50)
    audio = np.arange(80, dtype=np.float32).reshape(40, 2)
    found = evidence([predictions, predictions], audio)
    assert found.shape == (2, 40)
    assert found[1, 7] == pytest.approx(float(predictions.embedding[7] @ audio[7]))
    assert evidence([], audio).shape == (0, 40)


def test_silence_gives_nothing_to_listen_to():
    assert len(AudioListener(Reader(), sample_rate=16000).finish()) == 0


def test_the_scorer_gives_the_same_as_its_parts(mouth):
    rng = np.random.default_rng(2)
    audio = rng.standard_normal((1, 32000)).astype(np.float32)
    scorer = LipScorer(Reader(), sample_rate=16000, with_motion=False)
    scorer.push(audio[:, :9000])
    scorer.push(audio[:, 9000:])
    found = scorer.evidence([mouth, mouth], timestamps_s=mouth.timestamps_s)
    assert found.shape == (2, 50)
    predictions = read_lips(Reader(), mouth, n_frames=50)
    np.testing.assert_allclose(found[0], (predictions.embedding * scorer.audio).sum(axis=1), rtol=1e-5)


def test_crops_of_another_size_are_read_too(mouth):
    larger = replace(mouth, crops=mouth.crops.repeat(3, axis=1).repeat(3, axis=2))
    one, other = (read_lips(Reader(), track, n_frames=60) for track in (mouth, larger))
    np.testing.assert_allclose(other.embedding, one.embedding, atol=1e-4)
