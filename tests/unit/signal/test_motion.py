"""A mouth's movement does not tell what the person looks like."""

import numpy as np
import pytest

from avse.signal.motion import MouthMotion, motion_of, motion_of_many


@pytest.fixture
def crops():
    rng = np.random.default_rng(0)
    face = rng.uniform(60, 120, size=(8, 12, 1))
    moving = 20 * np.sin(np.arange(30) / 3)[:, None, None, None] * rng.uniform(0, 1, size=(8, 12, 1))
    return np.repeat(face + moving, 3, axis=-1)


def _motion(images):
    images = np.round(images).astype(np.uint8)
    return motion_of(images, np.ones(len(images), dtype=bool))


def test_light_contrast_and_looks_do_not_matter(crops):
    other = np.random.default_rng(1).uniform(0, 60, size=crops.shape[1:])
    plain = _motion(crops)
    for changed in (crops + 40, 1.5 * crops, crops + other):
        # Grey values are rounded to whole numbers, so the two differ by about as much.
        assert np.corrcoef(plain[5:].ravel(), _motion(changed)[5:].ravel())[0, 1] > 0.99


def test_a_still_image_does_not_move(crops):
    still = np.repeat(crops[:1], 10, axis=0)
    assert not _motion(still).any()


def test_video_frames_that_are_not_there_are_zero_and_change_nothing(crops):
    images = np.round(crops).astype(np.uint8)
    present = np.ones(len(images), dtype=bool)
    present[10:15] = False
    moved = motion_of(images, present)
    assert not moved[10:15].any()
    np.testing.assert_array_equal(moved[present], motion_of(images[present], np.ones(25, dtype=bool)))


def test_in_pieces_as_in_one(crops):
    images, present = np.round(crops).astype(np.uint8), np.ones(len(crops), dtype=bool)
    motion = MouthMotion((8, 12))
    pieces = [motion_of(images[i : i + 7], present[i : i + 7], motion) for i in range(0, 30, 7)]
    np.testing.assert_array_equal(np.concatenate(pieces), motion_of(images, present))


def test_many_mouths_at_once_are_each_alone():
    rng = np.random.default_rng(4)
    greys = rng.integers(0, 256, (3, 70, 8, 12), dtype=np.uint8)
    present = rng.random((3, 70)) < 0.8
    together = motion_of_many(greys, present)
    for row in range(3):
        alone = motion_of(np.repeat(greys[row][..., None], 3, axis=-1), present[row])
        np.testing.assert_allclose(together[row], alone, atol=1e-4)
