"""Where another person takes over, the steering fades from one face to the other by way of audio-only."""

import numpy as np
import pytest

from avse.enhance.causal import CausalGain
from avse.enhance.gain import FADE_S, GainEstimator
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.models.guard import GuardConfig, SteeringGuard
from avse.signal.stft_config import StftConfig

STFT = StftConfig(window=512, hop=320, sample_rate=16000)
FPS, CHANGE_AT = 25, 50
CROP_SIZE = (4, 6)


def _mouth(*, face_is_known=True):
    """Two seconds of a dark mouth, one frame of none, two seconds of a bright one; their texture is the same."""
    face = np.array([0] * CHANGE_AT + [-1] + [1] * 50)
    texture = np.random.default_rng(0).integers(0, 50, (*CROP_SIZE, 3))
    crops = (texture + np.where(face == 1, 200, 0)[:, None, None, None]).astype(np.uint8)
    report = FaceReport(2, 1.0, "faces in turn")
    return MouthTrack(np.arange(len(face)) / FPS, crops, face >= 0, report, face=face if face_is_known else None)


class ByShade:
    """Keeps all where the mouth is dark, nothing where it is bright, and half without one."""

    name, context_frames, crop_size, stft = "shade", 0, CROP_SIZE, STFT

    def estimate_spectrum(self, noisy, crops, present):
        gain = np.where(present, crops.mean(axis=(1, 2, 3)) < 100, 0.5)
        return noisy * gain.astype(np.complex64)


class Guarded:
    """What the default model does with presence: its guard, with lips that always say what is heard."""

    name, crop_size, stft, video_rate_hz = "guarded", CROP_SIZE, STFT, 25.0

    def __init__(self):
        self.guard = SteeringGuard(GuardConfig(frame_rate_hz=STFT.frame_rate_hz))

    def encode_video(self, motion, state):
        return np.ones((len(motion), 1), np.float32), state

    def enhance_step(self, noisy, mouth, present, state):
        return self.guard.blend(
            noisy, 0.3 * noisy, evidence=np.ones(len(present), np.float32), in_time=np.ones(len(present), bool),
            cue=mouth, present=present, state=state,
        )  # fmt: skip


def _gain(estimator):
    noisy = np.ones((STFT.n_freqs, 200), np.complex64)
    return estimator.push(noisy, last=True)[0].real


def test_a_model_of_large_pieces_fades_from_one_to_the_other():
    gain = _gain(GainEstimator(ByShade(), mouth=_mouth()))
    n_fade = round(FADE_S * STFT.frame_rate_hz)
    change = round(CHANGE_AT / FPS * STFT.frame_rate_hz)
    assert gain[: change - n_fade - 2] == pytest.approx(1, abs=1e-3)
    assert gain[change + n_fade + 4 :] == pytest.approx(0, abs=1e-3)
    assert gain[change] == pytest.approx(0.5, abs=1e-3)
    assert np.abs(np.diff(gain)).max() <= 0.5 / n_fade + 1e-3
    # The same crops as one person's are bridged, and the gain jumps.
    assert np.abs(np.diff(_gain(GainEstimator(ByShade(), mouth=_mouth(face_is_known=False))))).max() > 0.9


def test_the_default_models_guard_fades_out_and_in_again():
    model = Guarded()
    gain = _gain(CausalGain(model, video_frames=_mouth()))
    config = model.guard.config
    change = round(CHANGE_AT / FPS * STFT.frame_rate_hz)
    step = 0.7 / (config.fade_s * config.frame_rate_hz)
    assert gain[change - 5 : change] == pytest.approx(0.3, abs=1e-3)
    assert gain[change : change + 8].max() > 0.3 + step / 2
    assert gain[-20:] == pytest.approx(0.3, abs=1e-3)
    assert np.abs(np.diff(gain[20:])).max() <= step + 1e-3
    bridged = _gain(CausalGain(model, video_frames=_mouth(face_is_known=False)))
    assert bridged[change - 5 :] == pytest.approx(0.3, abs=1e-3)
