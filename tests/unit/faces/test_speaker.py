"""Who is shown when several may speak: turns are followed, and nobody is where it is not sure."""

import numpy as np
import pytest

from avse.faces.choice import Choice, read_choice
from avse.faces.mouth import mouth_of
from avse.faces.speaker import Candidate, choose, people_of
from avse.faces.who_speaks import TurnConfig

N = 500


class Known:
    """A scorer that knows."""

    turns = TurnConfig(evidence_scale=0.5, least_probability=0.9)

    def __init__(self, evidence):
        self._evidence = np.array(evidence, dtype=float)

    def push(self, block):
        pass

    def evidence(self, faces, *, timestamps_s):
        return self._evidence


def _people(n_faces, evidence, *, absent=()):
    faces = []
    for row in range(n_faces):
        present = np.ones(N, bool)
        present[list(absent)] = False
        crops = np.full((N, 2, 3, 3), 50 * (row + 1), np.uint8)
        faces.append(Candidate(crops, present, np.array([100.0 * row, 0.0, 50.0])))
    people = people_of(faces, timestamps_s=np.arange(N) / 25, frame_size=(400, 100))
    return people.with_turns(Known(evidence))


def _evidence(*signs):
    """A nat for or against in each of two halves."""
    return [np.repeat(pair, N // 2) for pair in signs]


def test_people_who_talk_in_turn_are_followed():
    people = _people(2, _evidence((1, -1), (-1, 1)))
    selection = choose(people, Choice("auto"))
    assert (selection.face[20:230] == 0).all()
    assert (selection.face[270:480] == 1).all()
    # Between them there is a frame without mouth, so that one fades out and the other in.
    change = np.flatnonzero(np.diff(selection.face))
    assert (selection.face[change[0] + 1 : change[-1] + 1] == -1).all()
    assert "in turn" in selection.report.chosen
    mouth = mouth_of(people, selection, crop_size=(2, 3))
    assert mouth.crops[100].max() == 50
    assert mouth.crops[400].max() == 100
    assert [span.face for span in selection.report.spans if span.face >= 0] == [0, 1]


def test_an_unseen_voice_is_nobodys():
    for n_faces in (1, 3):
        selection = choose(_people(n_faces, _evidence(*[(-1, -1)] * n_faces)), Choice("auto"))
        assert (selection.face == -1).all()
        assert selection.report.chosen_index is None
        assert "nobody on screen speaks" in selection.report.chosen


def test_two_who_are_equally_likely_are_not_predicted_between():
    selection = choose(_people(2, _evidence((1, 1), (1, 1))), Choice("auto"))
    assert (selection.face == -1).all()
    assert "not sure whose voice it is" in selection.report.chosen


def test_the_only_face_is_taken_where_nothing_is_known():
    selection = choose(_people(1, [np.zeros(N)], absent=range(30, 60)), Choice("auto"))
    assert (np.flatnonzero(selection.face == -1) == np.arange(30, 60)).all()
    assert selection.report.chosen == "face 1 of 1: the only one"
    assert selection.report.face_fraction == 1 - 30 / N


@pytest.mark.parametrize(
    ("speaker", "index", "position"),
    [
        ("top-left", 1, "top left"),
        ("top-right", 2, "top right"),
        ("bottom-left", 3, "bottom left"),
        ("bottom-right", 4, "bottom right"),
        ("top", 2, "top right"),
        ("bottom", 3, "bottom left"),
        ("left", 1, "top left"),
        ("right", 4, "bottom right"),
    ],
)
def test_sides_and_corners_of_a_call_of_four(speaker, index, position):
    # Centres: the second is the highest, the third the lowest, the first farthest left, the fourth farthest right.
    centres = [(90, 60), (310, 50), (100, 250), (320, 240)]
    faces = [
        Candidate(np.zeros((N, 2, 3, 3), np.uint8), np.ones(N, bool), np.array([x - 30.0, y - 30.0, 60.0]))
        for x, y in reversed(centres)
    ]
    people = people_of(faces, timestamps_s=np.arange(N) / 25, frame_size=(400, 300))
    selection = choose(people, read_choice(speaker))
    assert selection.report.chosen_index == index
    assert (selection.face == index - 1).all()
    assert selection.report.chosen == f"face {index} of 4, {position}: the one at the {speaker}"
