"""Who speaks when, from evidence that is known."""

from dataclasses import replace

import numpy as np
import pytest

from avse.faces.who_speaks import NOBODY, UNSURE, TurnConfig, find_speech_of_each, find_turns

RATE = 25
CAREFUL = TurnConfig(evidence_scale=0.5, least_probability=0.9)


def evidence(spans, *, n_faces=2, duration_s=20.0, noise=0.5, seed=0):
    """Evidence of +0.4 nats a frame for who speaks and -0.4 for the others, in `spans` of (start, end, face)."""
    rng = np.random.default_rng(seed)
    rows = noise * rng.standard_normal((n_faces, round(duration_s * RATE)))
    for start, end, face in spans:
        window = slice(round(start * RATE), round(end * RATE))
        rows[:, window] -= 0.4
        if face is not None:
            rows[face, window] += 0.8
    return rows


def test_turns_are_followed():
    turns = find_turns(evidence([(0, 8, 0), (8, 14, 1), (14, 20, 0)]), CAREFUL)
    truth = np.repeat([0, 1, 0], [8 * RATE, 6 * RATE, 6 * RATE])
    assert np.mean(turns.speaker == truth) > 0.95
    assert not np.any((turns.speaker != truth) & (turns.speaker >= 0))  # unsure at most
    chosen = [span.face for span in turns.spans() if span.face != UNSURE]
    assert chosen == [0, 1, 0]
    assert turns.spans()[0].start_s == 0
    assert turns.spans()[-1].end_s == 20
    np.testing.assert_allclose(turns.probability.sum(axis=0), 1)


def test_nobody_on_screen():
    turns = find_turns(evidence([(0, 20, None)]))
    assert turns.share(NOBODY) > 0.95
    assert find_turns(np.zeros((0, 50))).share(NOBODY) == 1


def test_no_evidence_is_not_sure():
    turns = find_turns(np.zeros((2, 100)))
    assert turns.share(UNSURE) == 1
    # Two faces that both seem to speak: the odds are even.
    both = find_turns(np.full((2, 100), 0.4))
    assert both.share(UNSURE) == 1


def test_a_pause_keeps_the_speaker():
    turns = find_turns(evidence([(0, 8, 0), (10, 20, 0)], noise=0.05))
    assert turns.share(0) > 0.95


def test_each_by_itself_hears_both_at_once():
    both = evidence([(0, 20, 0)], seed=1)
    both[1] = evidence([(0, 20, 1)], seed=2)[1]
    assert all(turns.share(0) > 0.95 for turns in find_speech_of_each(both))
    one = find_speech_of_each(evidence([(0, 20, 1)]))
    assert one[0].share(0) < 0.05
    assert one[1].share(0) > 0.95


def test_margin_and_scale_change_the_answer():
    weak = evidence([(0, 3, 0)], duration_s=3, noise=0) * 0.04
    assert find_turns(weak, CAREFUL).share(UNSURE) == 1
    assert find_turns(weak, replace(CAREFUL, least_probability=0.5)).share(0) == 1
    assert find_turns(weak, replace(CAREFUL, evidence_scale=25)).share(0) == 1


def test_posterior_is_that_of_all_paths():
    """Independent implementation: the sum over every sequence of states."""
    from itertools import pairwise, product

    scores = np.array([[0.3, -1.2, 0.8, 2.0, -0.4], [-0.5, 0.9, 0.1, -1.0, 1.5]])
    config = TurnConfig(mean_turn_s=0.2, nobody_share=0.4, evidence_scale=1)
    leave, prior = 1 / (0.2 * RATE), np.array([0.4, 0.3, 0.3])
    step = (1 - leave) * np.eye(3) + leave * prior[None]
    logs = np.concatenate([np.zeros((1, 5)), scores])
    totals = np.zeros((3, 5))
    for path in product(range(3), repeat=5):
        weight = prior[path[0]] * np.prod([step[a, b] for a, b in pairwise(path)])
        weight *= np.exp(sum(logs[state, frame] for frame, state in enumerate(path)))
        for frame, state in enumerate(path):
            totals[state, frame] += weight
    np.testing.assert_allclose(find_turns(scores, config).probability, totals / totals.sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("n_frames", [0, 1])
def test_short(n_frames):
    turns = find_turns(np.zeros((1, n_frames)))
    assert len(turns.speaker) == n_frames
    assert len(turns.spans()) == n_frames
