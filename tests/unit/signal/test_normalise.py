"""Sliding normalisation against the plain formulas, and that it reaches no farther than it says."""

import pytest
import torch

from avse.signal.normalise import sliding_contrast, sliding_mean_std

RADIUS = 4


def test_mean_and_standard_deviation_are_those_of_the_window():
    features = torch.randn(2, 3, 20, generator=torch.Generator().manual_seed(0)) + 5
    mean, _ = sliding_mean_std(features, radius=RADIUS, min_std=1e-3)
    for frame in range(20):
        window = features[:, :, max(0, frame - RADIUS) : frame + RADIUS + 1]
        torch.testing.assert_close(mean[:, :, frame], window.mean(dim=-1))


def test_a_short_recording_has_one_mean_and_standard_deviation():
    features = torch.randn(1, 2, RADIUS, generator=torch.Generator().manual_seed(1))
    mean, std = sliding_mean_std(features, radius=RADIUS, min_std=1e-3)
    torch.testing.assert_close(mean[0, :, 0], features[0].mean(dim=-1))
    torch.testing.assert_close(std[0, :, 2], features[0].std(dim=-1, unbiased=False))


def test_contrast_is_the_video_less_the_mean_of_those_that_are_there():
    images = torch.rand(1, 12, 3, 2, 2, generator=torch.Generator().manual_seed(2))
    present = torch.ones(1, 12, dtype=torch.bool)
    present[0, 3:6] = False
    contrast = sliding_contrast(images, present, radius=RADIUS, min_std=1e-3)
    assert not contrast[0, 3:6].any()
    window = images[0, 3:12][present[0, 3:12]]
    std = (window - window.mean(dim=0)).square().mean().sqrt()
    torch.testing.assert_close(contrast[0, 7], (images[0, 7] - window.mean(dim=0)) / std)


def test_a_still_image_has_no_contrast_and_looks_do_not_matter():
    generator = torch.Generator().manual_seed(3)
    movement = torch.rand(1, 9, 3, 4, 4, generator=generator)
    face, other_face = torch.rand(2, 1, 1, 3, 4, 4, generator=generator)
    present = torch.ones(1, 9, dtype=torch.bool)
    options = {"radius": RADIUS, "min_std": 1e-3}
    assert sliding_contrast(face.expand(1, 9, 3, 4, 4), present, **options).abs().max() < 1e-3
    one, other = (sliding_contrast(looks + 0.5 * movement, present, **options) for looks in (face, other_face))
    torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("frame", [0, 10])
def test_nothing_farther_than_the_radius_counts(frame):
    images = torch.rand(1, 20, 1, 2, 2, generator=torch.Generator().manual_seed(4))
    present = torch.ones(1, 20, dtype=torch.bool)
    changed = images.clone()
    changed[:, frame + RADIUS + 1 :] = 0
    before, after = (sliding_contrast(i, present, radius=RADIUS, min_std=1e-3)[:, frame] for i in (images, changed))
    torch.testing.assert_close(before, after, atol=1e-5, rtol=1e-5)
