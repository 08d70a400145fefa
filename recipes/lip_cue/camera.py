"""What cameras, codecs, light and hands do to a grey mouth in training."""

import cv2
import numpy as np

from avse.data.augment import bernoulli
from avse.types import Flags, Image
from recipes.lip_cue.config import ExampleConfig


def camera_view(
    images: Image, present: Flags, *, config: ExampleConfig, rng: np.random.Generator
) -> tuple[Image, Flags]:
    """Show a mouth through another camera.

    Args:
        images: `(frames, height, width)` grey crops.
        present: `(frames,)` False where no face was seen.
        config: how much of everything.
        rng: source of randomness.

    Returns:
        Crops and presence of the same shapes.
    """
    images = move(images, rng.uniform(0, config.shaken_pixels), rng)
    if bernoulli(config.small_probability, rng):
        images = resampled(images, rng.uniform(0.25, 0.7))
    elif bernoulli(config.blur_probability, rng):
        sigma = rng.uniform(0.4, 1.5)
        images = np.stack([cv2.GaussianBlur(image, (5, 5), sigma) for image in images])
    if bernoulli(config.covered_probability, rng):
        images = covered(images, rng)
    images = light_and_noise(images, rng)
    if bernoulli(config.held_probability, rng):
        held = np.arange(len(images)) // 2 * 2
        images, present = images[held], present[held]
    if bernoulli(config.dropped_probability, rng):
        present = present & ~_dropped(len(images), rng)
    return images, present


def move(images: Image, pixels: float, rng: np.random.Generator) -> Image:
    """Turn, scale, mirror and place the mouth as another face and another detector would.

    In the course of time it jitters by some pixels, as detectors do, and sways slowly, as heads do.
    """
    n_frames, height, width = images.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-12, 12), 2 ** rng.uniform(-0.4, 0.4))
    turn[:, 2] += rng.uniform(-0.12, 0.12, size=2) * (width, height)
    if rng.random() < 0.5:
        turn = turn @ np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]])
    wander = pixels * rng.standard_normal((n_frames, 2))
    times_s = np.arange(n_frames)[:, None] / 25
    wander += rng.uniform(0, 1.5, 2) * np.sin(2 * np.pi * (rng.uniform(0.05, 0.7, 2) * times_s + rng.uniform(0, 1, 2)))
    moved = np.empty_like(images)
    for image, out, shift in zip(images, moved, wander, strict=True):
        placed = turn.copy()
        placed[:, 2] += shift
        cv2.warpAffine(image, placed, (width, height), dst=out, borderMode=cv2.BORDER_REPLICATE)
    return moved


def resampled(images: Image, share: float) -> Image:
    """Show mouths with a share of their pixels."""
    height, width = images.shape[1:]
    small = (max(4, round(share * width)), max(3, round(share * height)))
    return np.stack(
        [cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height)) for image in images]
    )


def covered(images: Image, rng: np.random.Generator) -> Image:
    """Hold something of one grey before part of the mouth for part of the time, still or moving."""
    n_frames, height, width = images.shape
    first, last = sorted(rng.integers(0, n_frames + 1, size=2))
    size = rng.integers((height // 4, width // 4), (height + 1, width + 1))
    start, end = rng.uniform(-0.3, 0.9, (2, 2)) * (height, width)
    if rng.random() < 0.5:
        end = start
    grey = rng.integers(0, 256)
    images = images.copy()
    for number in range(first, last):
        share = (number - first) / max(1, last - first)
        top, left = (start + share * (end - start)).round().astype(int)
        images[number, max(0, top) : max(0, top + size[0]), max(0, left) : max(0, left + size[1])] = grey
    return images


def light_and_noise(images: Image, rng: np.random.Generator) -> Image:
    """Another contrast and brightness, light that changes, and the noise of the sensor."""
    n_frames = len(images)
    flicker = 1 + rng.uniform(0, 0.02) * rng.standard_normal(n_frames)
    gain = rng.uniform(0.5, 1.4) * flicker * (1 + rng.uniform(-0.15, 0.15) * np.linspace(0, 1, n_frames))
    changed = images * gain.astype(np.float32)[:, None, None]
    changed += np.float32(rng.uniform(-30, 30))
    changed += rng.standard_normal(images.shape, dtype=np.float32) * np.float32(8 * rng.uniform(0, 1) ** 2)
    return np.clip(changed, 0, 255, out=changed).astype(np.uint8)


def _dropped(n_frames: int, rng: np.random.Generator) -> Flags:
    """Single frames, or one stretch."""
    if rng.random() < 0.5:
        return rng.random(n_frames) < rng.uniform(0.02, 0.3)
    dropped = np.zeros(n_frames, dtype=bool)
    start, length = rng.integers(n_frames), rng.integers(5, 50)
    dropped[start : start + length] = True
    return dropped
