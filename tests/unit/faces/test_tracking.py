"""Identities hold through crossings, leaving and returning, and camera moves; a cut begins a new shot."""

import numpy as np
import pytest

from avse.faces.appearance import SAME_PERSON, describe, similarity
from avse.faces.cut import CutDetector
from avse.faces.detect import Box, CascadeDetector
from avse.faces.evidence import Evidence, EvidenceMeter, lasting
from avse.faces.track import FaceTracker
from avse.synthetic.head import PEOPLE, Pose, background, draw_head


def _positions(images):
    """Where each track is in each image, by its number."""
    tracker, positions = FaceTracker(), []
    for number, image in enumerate(images):
        visible = tracker.update(image, time_s=number / 25)
        positions.append({track.number: track.box.centre[0] for track in visible})
    return tracker, positions


def _room(pans=0):
    rng = np.random.default_rng(5)
    wall = np.clip(background(480, 240) + rng.normal(0, 12, (240, 480, 1)), 0, 255).astype(np.uint8)
    return np.roll(wall, pans, axis=1)


def test_a_person_who_leaves_and_returns_elsewhere_is_the_same():
    room = _room()
    there = [draw_head(room, PEOPLE[0], Pose((130, 118), 110))] * 20
    back = [draw_head(room, PEOPLE[0], Pose((340, 118), 110))] * 20
    tracker, positions = _positions([*there, *[room] * 30, *back])
    assert len(tracker.tracks) == 1
    assert list(positions[10]) == list(positions[-1]) == [0]
    assert positions[40] == {}
    assert positions[-1][0] == pytest.approx(340, abs=15)


def test_a_cut_to_another_person_is_a_new_identity_and_a_new_shot():
    first = [draw_head(_room(), PEOPLE[0], Pose((240, 118), 120))] * 20
    second = [draw_head(255 - _room(), PEOPLE[1], Pose((250, 120), 120))] * 20
    tracker, positions = _positions([*first, *second])
    assert tracker.shot_starts_s == [0, pytest.approx(0.8)]
    assert len(tracker.tracks) == 2
    # At once, with nothing of the first one's box left over.
    assert list(positions[19]) == [0]
    assert list(positions[20]) == [1]


def test_a_moving_camera_is_no_cut_and_keeps_the_person():
    images = [
        np.roll(draw_head(_room(), PEOPLE[0], Pose((200, 118), 120)), round(40 * np.sin(n / 6)), axis=1)
        for n in range(50)
    ]
    tracker, _ = _positions(images)
    assert (len(tracker.tracks), len(tracker.shot_starts_s)) == (1, 1)


def test_faces_that_pass_each_other_keep_their_identities():
    """The nearer one hides the other for some frames, then both continue."""
    images, truth = [], []
    for n in range(75):
        x0, x1 = 90 + 4.0 * n, 390 - 4.0 * n
        image = draw_head(_room(), PEOPLE[1], Pose((x1, 118), 90))
        images.append(draw_head(image, PEOPLE[0], Pose((x0, 122), 110)))
        truth.append((x0, x1))
    tracker, positions = _positions(images)
    first, last = positions[5], positions[-1]
    for person in (0, 1):
        (number,) = [track for track, x in first.items() if abs(x - truth[5][person]) < 25]
        assert last[number] == pytest.approx(truth[-1][person], abs=25)
    assert len(tracker.tracks) == 2


def test_fades_and_noise_are_no_cuts():
    cuts = CutDetector()
    grey = _room()[:, :, 0]
    rng = np.random.default_rng(0)
    faded = [np.clip(grey * (1 - n / 60) + rng.normal(0, 3, grey.shape), 0, 255).astype(np.uint8) for n in range(50)]
    assert not any(cuts.push(image) for image in faded)
    assert cuts.push(255 - faded[-1])


def test_a_person_looks_like_themselves_in_other_light_and_size():
    room = background(320, 240)
    image = draw_head(room, PEOPLE[0], Pose((160, 118), 130))
    other = draw_head(room, PEOPLE[1], Pose((160, 118), 130))
    (box,), (other_box,) = CascadeDetector().detect(image), CascadeDetector().detect(other)
    dark = (image * 0.4).astype(np.uint8)
    assert similarity(describe(image, box), describe(dark, box)) > 0.9
    small = image[::2, ::2]
    assert similarity(describe(image, box), describe(small, box.scaled(0.5))) > SAME_PERSON
    assert similarity(describe(image, box), describe(other, other_box)) < similarity(
        describe(image, box), describe(small, box.scaled(0.5))
    )


def _evidence(**changes):
    usual = {"seen_s": 60.0, "seen_share": 1.0, "hit_share": 0.98, "detection": 5.0, "size_std": 0.03, "movement": 0.08,
             "most_movement": 0.2, "mouth_movement": 0.1, "n_measured": 100}  # fmt: skip
    return Evidence(**{**usual, **changes})


def test_a_five_percent_track_never_stands_beside_a_whole_one():
    tie = _evidence(seen_s=1.9, seen_share=0.05, detection=5.0)
    assert lasting([_evidence(), tie]) == [True, False]
    weak = _evidence(hit_share=0.3, detection=-0.8)
    assert lasting([weak]) == [False]
    # Seen for a moment in a long shot, in one look of three, though the detector was sure of it then.
    assert lasting([_evidence(seen_s=0.8, seen_share=0.1, hit_share=0.33, detection=2.7)]) == [False]
    assert lasting([_evidence(size_std=2.0)]) == [False]
    # The only face of a short shot is one.
    assert lasting([_evidence(seen_s=0.04, n_measured=0)]) == [True]


def test_confidence_falls_with_each_look_that_finds_nothing():
    confidences = []
    for n_missed in (0, 5, 10, 30):
        meter = EvidenceMeter()
        for _ in range(10):
            meter.found(80.0, 0.6)
        for _ in range(n_missed):
            meter.missed()
        confidences.append(meter.evidence(seen_s=3, could_be_seen_s=3).confidence)
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] == pytest.approx(0.6)
    assert confidences[-1] < 0.3


def test_the_cascades_confidence_tells_a_face_from_a_tie():
    image = draw_head(background(320, 240), PEOPLE[0], Pose((160, 118), 130))
    (face,) = CascadeDetector().detect(image)
    assert face.confidence > 0.95
    assert face.scaled(2) == Box(2 * face.x, 2 * face.y, 2 * face.size, face.confidence)


def test_a_cut_within_a_scene_keeps_the_person_in_another_light():
    before = [draw_head(_room(), PEOPLE[0], Pose((240, 118), 120))] * 20
    warm = np.array([1.0, 0.75, 0.45])
    after = [(draw_head(_room(), PEOPLE[0], Pose((252, 122), 140)) * warm).astype(np.uint8)] * 20
    tracker, positions = _positions([*before, *after])
    assert len(tracker.shot_starts_s) == 2
    assert len(tracker.tracks) == 1
    assert list(positions[-1]) == [0]


def test_a_person_is_known_again_after_a_cut_to_something_else():
    before = [draw_head(_room(), PEOPLE[0], Pose((240, 118), 120))] * 20
    warm = np.array([1.0, 0.75, 0.45])
    after = [(draw_head(_room(), PEOPLE[0], Pose((252, 122), 140)) * warm).astype(np.uint8)] * 20
    tracker, _ = _positions([*before, *[np.zeros_like(before[0])] * 15, *after])
    assert len(tracker.shot_starts_s) == 3
    assert len(tracker.tracks) == 1
