"""The guard: audio-only until the lips are known to say what is heard, and again where steering harms."""

import numpy as np

from avse.models.guard import GuardConfig, SteeringGuard
from avse.signal.speech_cue import CUE_DIM

RATE_HZ = 62.5
N = int(20 * RATE_HZ)


def _given(*, nats_per_s, steered_gain=1.0, seed=1):
    rng = np.random.default_rng(seed)
    audio_only = (rng.standard_normal((5, N)) + 1j * rng.standard_normal((5, N))).astype(np.complex64)
    return {
        "audio_only": audio_only,
        "steered": (np.complex64(1j) * np.float32(steered_gain) * audio_only).astype(np.complex64),
        "evidence": np.broadcast_to(np.float32(nats_per_s / RATE_HZ), N).copy(),
        "in_time": np.ones(N, dtype=bool),
        "cue": np.ones((N, CUE_DIM), dtype=np.float32),
        "present": np.ones(N, dtype=bool),
    }


def test_lips_that_say_what_is_heard_are_used_once_enough_speaks_for_it():
    given = _given(nats_per_s=1.0)
    blended, weights, _ = SteeringGuard().blend(**given, state=None)
    first = np.flatnonzero(weights)[0] / RATE_HZ
    # 1 nat a second, forgotten over 2 s, adds up to 2 (1 - exp(-t / 2)): 0.5 after 2 ln(4 / 3) = 0.58 s.
    assert abs(first - 0.58) < 0.05
    assert weights[-1] == 1
    np.testing.assert_allclose(blended[:, -1], given["steered"][:, -1], atol=1e-6)


def test_lips_that_say_something_else_leave_the_audio_only_output_bit_for_bit():
    given = _given(nats_per_s=0.2)
    blended, weights, _ = SteeringGuard().blend(**given, state=None)
    assert not weights.any()
    assert np.array_equal(blended, given["audio_only"])


def test_without_a_face_the_audio_only_output_is_left_bit_for_bit():
    given = _given(nats_per_s=2.0)
    given["present"][:] = False
    blended, _, _ = SteeringGuard().blend(**given, state=None)
    assert np.array_equal(blended, given["audio_only"])


def test_lips_that_are_late_leave_the_audio_only_output_until_they_are_in_time():
    given = _given(nats_per_s=2.0)
    given["in_time"][: N // 2] = False
    blended, weights, _ = SteeringGuard().blend(**given, state=None)
    assert np.array_equal(blended[:, : N // 2], given["audio_only"][:, : N // 2])
    assert weights[-1] == 1


def test_it_fades_and_never_jumps():
    given = _given(nats_per_s=1.8)
    given["evidence"][N // 2 :] *= -6
    _, weights, _ = SteeringGuard().blend(**given, state=None)
    step = 1 / (GuardConfig().fade_s * RATE_HZ)
    assert np.abs(np.diff(weights)).max() <= step + 1e-6
    assert weights[N // 2 - 1] == 1
    assert weights[-1] == 0


def test_a_steered_output_that_lowers_speech_is_dropped_and_counted():
    kept = SteeringGuard().blend(**_given(nats_per_s=1.8, steered_gain=0.5), state=None)
    dropped = SteeringGuard().blend(**_given(nats_per_s=1.8, steered_gain=0.05), state=None)
    assert kept[1][-1] == 1
    assert kept[2].n_stops == 0
    assert dropped[2].n_stops > 0
    assert dropped[1].mean() < 0.2


def test_a_talker_who_is_silent_may_be_lowered_as_far_as_steering_wants():
    given = _given(nats_per_s=1.8, steered_gain=0.001)
    given["cue"][:, 0] = 0
    _, weights, state = SteeringGuard().blend(**given, state=None)
    assert weights[-1] == 1
    assert state.n_stops == 0


def test_pieces_of_any_size_give_the_same():
    given = _given(nats_per_s=1.8)
    given["evidence"] = np.random.default_rng(3).normal(0.02, 0.3, N).astype(np.float32)
    whole, _, _ = SteeringGuard().blend(**given, state=None)
    state, pieces = None, []
    for first, last in ((0, 1), (1, 100), (100, N)):
        part = {name: values[..., first:last] for name, values in given.items() if name != "cue"}
        blended, _, state = SteeringGuard().blend(**part, cue=given["cue"][first:last], state=state)
        pieces.append(blended)
    assert np.array_equal(np.concatenate(pieces, axis=1), whole)


def test_another_face_starts_without_evidence():
    given = _given(nats_per_s=1.8)
    given["present"][N // 2 : N // 2 + 5] = False
    _, weights, _ = SteeringGuard().blend(**given, state=None)
    back = N // 2 + 5 + np.flatnonzero(np.diff(weights[N // 2 + 5 :]) > 0)[0]
    # 1.8 nats a second reach 0.5 after 2 ln(3.6 / 3.1) = 0.3 s.
    assert abs((back - N // 2) / RATE_HZ - 0.38) < 0.05


def test_outputs_that_are_alike_leave_the_audio_only_one_and_unlike_ones_the_steered():
    given = _given(nats_per_s=1.8)
    shares = {}
    for level_db in (-20.0, -13.0, -8.0):
        given["steered"] = (given["audio_only"] * np.float32(1 + 10 ** (level_db / 20))).astype(np.complex64)
        shares[level_db] = SteeringGuard().blend(**given, state=None)[1]
    assert not shares[-20.0].any()
    # Halfway between -16 and -10 dB.
    np.testing.assert_allclose(shares[-13.0][N // 2 :], 0.5, atol=0.01)
    assert shares[-8.0][-1] == 1
