"""Jumps of the mouth's video: what shows something else is not used for a while; what moves as lips do is."""

import numpy as np

from avse.signal.mouth_jumps import REST_S, MouthJumps
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video
from avse.synthetic.voice import speak

RATE_HZ = 25.0
N_REST = round(REST_S * RATE_HZ)


def crops_of(person, *, n=100):
    """The middle of a generated face that talks, `(n, height, width, 3)`."""
    rng = np.random.default_rng(person)
    opening = speak(rng, duration_s=n / RATE_HZ).opening_at(np.arange(n) / RATE_HZ)
    images = np.stack(render_video(PEOPLE[person], opening, rng, size=(96, 96)))
    return images[:, 48:80, 24:72]


def usable(crops, present=None, *, at_once=True):
    present = np.ones(len(crops), dtype=bool) if present is None else present
    jumps = MouthJumps(rate_hz=RATE_HZ)
    if at_once:
        return jumps.push(crops, present)
    return np.concatenate([jumps.push(crops[n : n + 1], present[n : n + 1]) for n in range(len(crops))])


def test_a_mouth_that_talks_does_not_jump():
    assert usable(crops_of(0)).all()


def test_a_cover_is_not_used_nor_what_follows_it_for_a_while():
    crops = crops_of(0)
    crops[30:40] = 128
    used = usable(crops)
    assert used[:30].all()
    assert not used[30 : 40 + N_REST].any()
    assert used[40 + N_REST :].all()
    np.testing.assert_array_equal(usable(crops, at_once=False), used)


def test_a_cut_to_something_else_is_a_jump():
    crops = crops_of(0)
    crops[50:] = np.random.default_rng(1).integers(0, 256, crops[50:].shape)
    assert not usable(crops)[50:].any()


def test_a_mouth_that_comes_after_a_gap_is_used_at_once():
    crops, present = crops_of(0), np.ones(100, dtype=bool)
    crops[20:30], present[20:30] = 0, False
    np.testing.assert_array_equal(usable(crops, present), present)


def test_a_flat_video_does_not_jump():
    assert usable(np.full((10, 32, 48, 3), 7, dtype=np.uint8)).all()
