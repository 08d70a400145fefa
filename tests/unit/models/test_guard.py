"""The guard: audio-only until the cue has agreed, and again where steering harms."""

import numpy as np

from avse.models.guard import GuardConfig, SteeringGuard
from avse.signal.speech_cue import CUE_DIM

RATE_HZ = 62.5
N = int(20 * RATE_HZ)


def _given(*, agreement, steered_gain=1.0, seed=1):
    rng = np.random.default_rng(seed)
    audio_only = (rng.standard_normal((5, N)) + 1j * rng.standard_normal((5, N))).astype(np.complex64)
    return {
        "audio_only": audio_only,
        "steered": (np.complex64(1j) * np.float32(steered_gain) * audio_only).astype(np.complex64),
        "agreement": np.broadcast_to(np.float32(agreement), N).copy(),
        "cue": np.ones((N, CUE_DIM), dtype=np.float32),
        "present": np.ones(N, dtype=bool),
    }


def test_a_cue_that_agrees_is_used_after_it_has_for_a_while():
    given = _given(agreement=0.9)
    blended, weights, _ = SteeringGuard().blend(**given, state=None)
    first = np.flatnonzero(weights)[0] / RATE_HZ
    # A mean over 1.5 s of 0.9 passes 0.6 after 1.5 * ln 3 = 1.65 s.
    assert abs(first - 1.65) < 0.05
    assert weights[-1] == 1
    np.testing.assert_allclose(blended[:, -1], given["steered"][:, -1], atol=1e-6)


def test_a_cue_that_does_not_agree_leaves_the_audio_only_output_bit_for_bit():
    given = _given(agreement=0.3)
    blended, weights, _ = SteeringGuard().blend(**given, state=None)
    assert not weights.any()
    assert np.array_equal(blended, given["audio_only"])


def test_without_a_face_the_audio_only_output_is_left_bit_for_bit():
    given = _given(agreement=1.0)
    given["present"][:] = False
    blended, _, _ = SteeringGuard().blend(**given, state=None)
    assert np.array_equal(blended, given["audio_only"])


def test_it_fades_and_never_jumps():
    given = _given(agreement=0.9)
    given["agreement"][N // 2 :] = 0
    _, weights, _ = SteeringGuard().blend(**given, state=None)
    step = 1 / (GuardConfig().fade_s * RATE_HZ)
    assert np.abs(np.diff(weights)).max() <= step + 1e-6
    assert weights[N // 2 - 1] == 1
    assert weights[-1] == 0


def test_a_steered_output_that_lowers_speech_is_dropped_and_counted():
    kept = SteeringGuard().blend(**_given(agreement=0.9, steered_gain=0.5), state=None)
    dropped = SteeringGuard().blend(**_given(agreement=0.9, steered_gain=0.05), state=None)
    assert kept[1][-1] == 1
    assert kept[2].n_stops == 0
    assert dropped[2].n_stops > 0
    assert dropped[1].mean() < 0.2


def test_a_talker_who_is_silent_may_be_lowered_as_far_as_steering_wants():
    given = _given(agreement=0.9, steered_gain=0.001)
    given["cue"][:, 0] = 0
    _, weights, state = SteeringGuard().blend(**given, state=None)
    assert weights[-1] == 1
    assert state.n_stops == 0


def test_pieces_of_any_size_give_the_same():
    given = _given(agreement=0.9)
    given["agreement"] = np.random.default_rng(3).random(N).astype(np.float32)
    whole, _, _ = SteeringGuard().blend(**given, state=None)
    state, pieces = None, []
    for first, last in ((0, 1), (1, 100), (100, N)):
        part = {name: values[..., first:last] for name, values in given.items() if name != "cue"}
        blended, _, state = SteeringGuard().blend(**part, cue=given["cue"][first:last], state=state)
        pieces.append(blended)
    assert np.array_equal(np.concatenate(pieces, axis=1), whole)
