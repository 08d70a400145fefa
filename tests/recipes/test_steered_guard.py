"""Thresholds of the guard on validation videos."""

import numpy as np
import pytest
import torch

from avse.models.guard import SteeringGuard
from avse.signal.speech_cue import CUE_DIM
from avse.signal.stft import stft
from avse.signal.stft_config import StftConfig
from recipes.steered.guard import Recorder, Trial, gain_db, table


def _trial(nats_per_frame):
    rng = np.random.default_rng(1)
    clean, noise = rng.standard_normal((2, 10 * 16000)).astype(np.float32) * 0.1
    spectra = [
        stft(torch.from_numpy(x), StftConfig(window=512, hop=256, sample_rate=16000)).numpy()
        for x in (clean + noise, clean)
    ]
    n_frames = spectra[0].shape[1]
    given = {
        "evidence": np.full(n_frames, nats_per_frame, np.float32),
        "in_time": np.ones(n_frames, bool),
        "cue": np.ones((n_frames, CUE_DIM), np.float32),
        "present": np.ones(n_frames, bool),
    }
    return Trial("noise, own", clean, {"audio_only": spectra[0], "steered": spectra[1], **given})


def test_steering_that_is_used_gains_and_steering_that_is_not_gains_nothing():
    used, unused = gain_db(_trial(1.0), SteeringGuard()), gain_db(_trial(-1.0), SteeringGuard())
    assert used[0] > 10
    assert used[1] > 0.9
    assert unused == (0.0, 0.0)


def test_the_table_has_a_row_for_steering_that_is_always_used():
    trial = _trial(-1.0)
    trial.given["in_time"][:] = False
    header, always, *_ = table([trial])
    assert header[-1] == "noise, own"
    assert always[0] == "always"
    assert float(always[-1].split()[0]) > 10


def test_the_recorder_joins_what_came_in_pieces_and_uses_nothing():
    trial, recorder = _trial(1.0), Recorder()
    for piece in (slice(0, 5), slice(5, None)):
        part = {name: value[:, piece] if value.dtype == np.complex64 else value[piece]
                for name, value in trial.given.items()}  # fmt: skip
        kept, weights, _ = recorder.blend(**part, state=None)
        assert kept is part["audio_only"]
        assert not weights.any()
    for name, value in recorder.whole().items():
        assert value == pytest.approx(trial.given[name])
