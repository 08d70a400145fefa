"""What cameras, codecs, light and hands do to a mouth in training."""

import cv2
import numpy as np
import numpy.typing as npt

from avse.data.augment import cover, happens, move_and_recolour
from recipes.lip_cue.config import ExampleConfig

Images = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def film(images: Images, present: Flags, *, config: ExampleConfig, rng: np.random.Generator) -> tuple[Images, Flags]:
    """Show a mouth through another camera.

    Args:
        images: `(frames, height, width, 3)` RGB crops.
        present: `(frames,)` False where no face was seen.
        config: how much of everything.
        rng: source of randomness.

    Returns:
        Crops and presence of the same shapes.
    """
    images = shake(move_and_recolour(images, rng), rng.uniform(0, config.shaken_pixels), rng)
    if happens(config.small_probability, rng):
        images = resampled(images, rng.uniform(0.25, 0.7))
    elif happens(config.blur_probability, rng):
        sigma = rng.uniform(0.4, 1.5)
        images = np.stack([cv2.GaussianBlur(image, (0, 0), sigma) for image in images])
    if happens(config.covered_probability, rng):
        images = cover(images, rng)
    images = _light_and_noise(images, rng)
    if happens(config.held_probability, rng):
        held = np.arange(len(images)) // 2 * 2
        images, present = images[held], present[held]
    if happens(config.dropped_probability, rng):
        present = present & ~_dropped(len(images), rng)
    return images, present


def shake(images: Images, pixels: float, rng: np.random.Generator) -> Images:
    """Let the crops wander by fractions of a pixel, as detectors do, and sway slowly, as heads do."""
    n_frames, height, width = images.shape[:3]
    wander = pixels * rng.standard_normal((n_frames, 2))
    times = np.arange(n_frames)[:, None] / 25
    wander += rng.uniform(0, 1.5, 2) * np.sin(2 * np.pi * (rng.uniform(0.05, 0.7, 2) * times + rng.uniform(0, 1, 2)))
    return np.stack(
        [
            cv2.warpAffine(image, np.array([[1, 0, dx], [0, 1, dy]]), (width, height), borderMode=cv2.BORDER_REPLICATE)
            for image, (dx, dy) in zip(images, wander, strict=True)
        ]
    )


def resampled(images: Images, share: float) -> Images:
    """Show mouths with a share of their pixels."""
    height, width = images.shape[1:3]
    small = (max(4, round(share * width)), max(3, round(share * height)))
    return np.stack(
        [cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height)) for image in images]
    )


def _light_and_noise(images: Images, rng: np.random.Generator) -> Images:
    n_frames = len(images)
    flicker = 1 + rng.uniform(0, 0.02) * rng.standard_normal(n_frames)
    ramp = 1 + rng.uniform(-0.15, 0.15) * np.linspace(0, 1, n_frames)
    noise = rng.standard_normal(images.shape[:3], dtype=np.float32) * rng.uniform(0, 1) ** 2 * 8
    changed = images * (flicker * ramp).astype(np.float32)[:, None, None, None] + noise[..., None]
    return np.clip(changed, 0, 255).astype(np.uint8)


def _dropped(n_frames: int, rng: np.random.Generator) -> Flags:
    """Single frames, or one stretch."""
    if rng.random() < 0.5:
        return rng.random(n_frames) < rng.uniform(0.02, 0.3)
    dropped = np.zeros(n_frames, dtype=bool)
    start, length = rng.integers(n_frames), rng.integers(5, 50)
    dropped[start : start + length] = True
    return dropped
