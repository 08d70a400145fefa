"""Random changes of audio and video in training. Each takes the generator that makes it repeatable."""

import cv2
import numpy as np
import numpy.typing as npt
import soxr
from scipy import fft

from avse.types import Waveform


def bernoulli(probability: float, rng: np.random.Generator) -> bool:
    """Whether something of a given chance happens; what never happens draws nothing."""
    return probability > 0 and rng.random() < probability


def samples_at_speed(n_samples: int, *, factor: float) -> int:
    """Samples that `change_speed` needs to give at least `n_samples`."""
    return n_samples if factor == 1 else int(np.ceil((n_samples + 1) * factor))


def change_speed(waveform: Waveform, *, factor: float) -> Waveform:
    """Play audio faster or slower, and so higher or lower, band-limited: nothing aliases.

    Args:
        waveform: `(samples,)`.
        factor: above 1 is faster and shorter.

    Returns:
        `(samples / factor,)`, rounded; the very same for a factor of 1.
    """
    if factor == 1:
        return waveform
    faster: Waveform = soxr.resample(waveform, factor, 1.0, quality="MQ").astype(np.float32)
    return faster


def coloured_noise(rng: np.random.Generator, *, n_samples: int, exponent: float) -> Waveform:
    """Gaussian noise whose power falls as `1 / frequency ** exponent`.

    Args:
        rng: source of randomness.
        n_samples: length.
        exponent: 0 is white, 1 pink, 2 brown.

    Returns:
        `(n_samples,)`, root mean square 1.
    """
    spectrum = fft.rfft(rng.standard_normal(n_samples, dtype=np.float32))
    frequency = np.maximum(np.arange(len(spectrum), dtype=np.float32), 1)
    noise = fft.irfft(spectrum * frequency ** np.float32(-exponent / 2), n_samples)
    scaled: Waveform = (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
    return scaled


def move_and_recolour(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Shift, scale, rotate, mirror and recolour all crops of a clip alike, as another camera would see them.

    Args:
        images: `(n, height, width, 3)` RGB.
        rng: source of randomness.

    Returns:
        The same shape.
    """
    height, width = images.shape[1:3]
    centre = (width / 2, height / 2)
    # People's mouths differ in size and place as much as this, and there are few people to learn from.
    turn = cv2.getRotationMatrix2D(centre, rng.uniform(-10, 10), 2 ** rng.uniform(-0.4, 0.4))
    turn[:, 2] += rng.uniform(-0.12, 0.12, size=2) * (width, height)
    if rng.random() < 0.5:
        turn = turn @ np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]])
    gain = rng.uniform(0.7, 1.3) * rng.uniform(0.75, 1.25, size=3)
    moved = np.stack([cv2.warpAffine(i, turn, (width, height), borderMode=cv2.BORDER_REPLICATE) for i in images])
    if rng.random() < 0.3:
        moved = np.repeat(moved.mean(axis=-1, keepdims=True), 3, axis=-1)
    recoloured = (moved - 128.0) * rng.uniform(0.7, 1.3) + 128 * gain + rng.normal(0, 3)
    return np.clip(recoloured, 0, 255).astype(np.uint8)


def cover(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Hold something of one colour before part of the video for part of the time, as a hand or a microphone.

    Args:
        images: `(n, height, width, 3)` RGB.
        rng: source of randomness.
    """
    n_images, height, width = images.shape[:3]
    first, last = sorted(rng.integers(0, n_images + 1, size=2))
    top, left = rng.integers(-height // 4, height // 2), rng.integers(-width // 4, width // 2)
    bottom, right = top + rng.integers(height // 2, height + 1), left + rng.integers(width // 2, width + 1)
    covered = images.copy()
    covered[first:last, max(0, top) : bottom, max(0, left) : right] = rng.integers(0, 256, size=3)
    return covered
