"""A face's look does not depend on light and contrast, stays where nothing moves, and is 0 where there is none."""

import numpy as np

from avse.signal.look import look_of


def test_light_and_contrast_do_not_matter():
    crops = np.random.default_rng(0).integers(0, 100, (4, 8, 8, 3)).astype(np.uint8)
    crops = np.repeat(crops[..., :1], 3, axis=3)
    present = np.ones(4, bool)
    brighter = (2 * crops + 30).astype(np.uint8)
    np.testing.assert_allclose(look_of(brighter, present), look_of(crops, present), atol=1e-5)
    look = look_of(crops, present)
    np.testing.assert_allclose(look[:, 0].mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(look[:, 0].std(axis=(1, 2)), 1, atol=1e-5)


def test_a_still_face_has_a_look_and_no_change():
    crops = np.repeat(np.random.default_rng(1).integers(0, 255, (1, 8, 8, 3)).astype(np.uint8), 3, axis=0)
    look = look_of(crops, np.ones(3, bool))
    assert (look[:, 1] == 0).all()
    assert (np.abs(look[:, 0]).max(axis=(1, 2)) > 1).all()


def test_change_is_the_difference_of_two_frames_with_a_face():
    crops = np.random.default_rng(2).integers(0, 255, (4, 8, 8, 3)).astype(np.uint8)
    present = np.array([True, True, False, True])
    look = look_of(crops, present)
    np.testing.assert_allclose(look[1, 1], look[1, 0] - look[0, 0], atol=1e-6)
    assert (look[2] == 0).all()
    assert (look[[0, 3], 1] == 0).all()
    assert (look[3, 0] != 0).any()
