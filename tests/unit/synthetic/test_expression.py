"""Expressions move what they say they move, faces stay faces, and voices change as their manner says."""

import numpy as np
import pytest

from avse.faces.detect import CascadeDetector
from avse.synthetic.expression import EMOTIONS, PLAIN, REST, Expression, Manner
from avse.synthetic.head import PEOPLE, Pose, background, draw_head, draw_person
from avse.synthetic.voice import speak

ROOM = background(320, 240)
CENTRE, SIZE = (160.0, 118.0), 130.0


def _face(**parts):
    return draw_head(ROOM, PEOPLE[0], Pose(CENTRE, SIZE, 0.2, expression=Expression(**parts))).astype(float)


def _darkest_rows(image, columns):
    """Mean row of what is darkest between the brows and the eyes' middle, in a range of columns."""
    band = image[90:108, columns].mean(axis=2)
    weights = np.maximum(0, 90 - band)
    return float((weights * np.arange(len(band))[:, None]).sum() / weights.sum())


def test_a_face_at_rest_is_the_face_without_an_expression():
    plain = draw_head(ROOM, PEOPLE[0], Pose(CENTRE, SIZE, 0.2))
    np.testing.assert_array_equal(_face(), plain)
    assert EMOTIONS["sadness"][0].scaled(0.0) == REST
    assert EMOTIONS["anger"][1].scaled(0.0) == PLAIN


def test_the_corners_of_the_mouth_rise_and_fall():
    changed = {s: np.abs(_face(smile=s) - _face()).sum(axis=2) for s in (-1.0, 1.0)}
    rows = {s: float((c[140:190] * np.arange(140, 190)[:, None]).sum() / c[140:190].sum()) for s, c in changed.items()}
    assert rows[1.0] < rows[-1.0] - 4
    for change in changed.values():
        assert change[:130].max() == 0  # brows and eyes do not move


def test_brows_rise_and_inner_ends_fall_in_a_frown():
    left = slice(124, 150)
    assert _darkest_rows(_face(brows=1.0), left) < _darkest_rows(_face(), left)
    inner, outer = slice(142, 150), slice(124, 132)
    frown, worry = _face(frown=1.0), _face(frown=-1.0)
    assert _darkest_rows(frown, inner) > _darkest_rows(frown, outer)
    assert _darkest_rows(worry, inner) < _darkest_rows(worry, outer)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_real_detector_finds_heads_with_every_expression(emotion):
    detector = CascadeDetector()
    for seed in range(4):
        person = draw_person(np.random.default_rng(seed))
        pose = Pose(CENTRE, SIZE, 0.3, expression=EMOTIONS[emotion][0].scaled(0.8))
        assert len(detector.detect(draw_head(ROOM, person, pose))) == 1, seed


def test_people_are_drawn_by_their_seed():
    one, same, other = (draw_person(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def _pitch_hz(manner):
    import librosa

    waveform = speak(np.random.default_rng(4), duration_s=4, manner=manner).waveform
    pitch, voiced, _ = librosa.pyin(waveform, fmin=65, fmax=500, sr=16000)
    return pitch[voiced]


def test_pitch_range_and_pace_follow_the_manner():
    plain, high, lively = _pitch_hz(PLAIN), _pitch_hz(Manner(pitch=1.4)), _pitch_hz(Manner(liveliness=3.0))
    assert np.median(high) / np.median(plain) == pytest.approx(1.4, rel=0.05)
    assert np.std(np.log(lively)) > 1.5 * np.std(np.log(plain))

    def n_syllables(manner):
        opening = speak(np.random.default_rng(4), duration_s=8, manner=manner).opening
        return int(((opening[1:-1] > opening[:-2]) & (opening[1:-1] >= opening[2:]) & (opening[1:-1] > 0.3)).sum())

    assert n_syllables(Manner(pace=1.5)) > 1.25 * n_syllables(PLAIN)
