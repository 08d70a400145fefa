"""Still mouths warped to say any sentence, so that the network sees more speech than the few talking faces say.

The opening follows the cue's low bands, loosely and a little early as lips do; the width follows front against back
vowels. How far, how soon and how closely is drawn at random for each example (domain randomisation). Images are grey,
as mouth motion is.
"""

import cv2
import numpy as np
import numpy.typing as npt

from avse.signal.speech_cue import Cue
from avse.types import Image, Series

RATE_HZ = 25.0
LEAD_S = (-0.04, 0.12)
"""How much earlier than the audio the lips move."""


def talk(still: npt.NDArray[np.uint8], cue: Cue, rng: np.random.Generator) -> Image:
    """Warp a still mouth to say what a cue describes.

    Args:
        still: `(height, width)`, a mouth about closed.
        cue: `(frames, CUE_DIM)`.
        rng: source of randomness.

    Returns:
        `(frames, height, width)`.
    """
    opening, stretch = articulation(cue, rng)
    return _Mouth(still, rng).render(opening, stretch)


def chew(still: npt.NDArray[np.uint8], n_frames: int, rng: np.random.Generator) -> Image:
    """Warp a still mouth to move as mouths do that do not speak: chewing, yawning, breathing."""
    times_s = np.arange(n_frames) / RATE_HZ
    rate_hz = rng.uniform(0.1, 2.2) * (1 + 0.2 * _wander(n_frames, rng, smooth=20))
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.cumsum(rate_hz) / RATE_HZ
    opening = rng.uniform(0.1, 0.9) * np.clip(0.5 + 0.6 * np.sin(phase), 0, 1)
    if rng.random() < 0.5:
        opening *= times_s > rng.uniform(0, times_s[-1])
    return _Mouth(still, rng).render(opening, 0.3 * _wander(n_frames, rng, smooth=8))


def articulation(cue: Cue, rng: np.random.Generator) -> tuple[Series, Series]:
    """Opening (0 to 1) and spread (about -1 to 1) of lips over time, `(frames,)` each."""
    n_frames = len(cue)
    at = np.clip(np.arange(n_frames) + RATE_HZ * rng.uniform(*LEAD_S), 0, n_frames - 1)
    bands = np.stack([np.interp(at, np.arange(n_frames), band) for band in cue[:, 1:].T], axis=1)
    first, last = rng.integers(0, 2), rng.integers(3, 6)
    loud = bands[:, first:last].mean(axis=1) ** rng.uniform(0.7, 1.6)
    # Lips do not tell all: the same loudness is said with a mouth more or less open.
    loose = np.exp(rng.uniform(0.2, 0.7) * _wander(n_frames, rng, smooth=int(rng.integers(3, 10))))
    opening = rng.uniform(0.35, 1.1) * _smooth(loud * loose, int(rng.integers(1, 4)))
    if rng.random() < 0.3:
        opening += 0.3 * np.clip(_wander(n_frames, rng, smooth=8) - 1, 0, 1)
    stretch = bands[:, 4:6].mean(axis=1) - bands[:, 1:3].mean(axis=1)
    return np.clip(opening, 0, 1), rng.uniform(0, 1.5) * _smooth(stretch, 3)


class _Mouth:
    """Where the lips of a still are, and how they part."""

    def __init__(self, still: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
        height, width = still.shape
        self.still = still
        self.line = height * rng.uniform(0.42, 0.58)
        self.centre = width * rng.uniform(0.45, 0.55)
        self.half_width = width * rng.uniform(0.22, 0.34)
        self.reach = height * rng.uniform(0.08, 0.28)
        self.upper_share = rng.uniform(0.1, 0.4)
        self.fall = height * rng.uniform(0.2, 0.6)
        self.stretch = rng.uniform(0.03, 0.2)
        self.inside = rng.uniform(10, 80)
        self.teeth = rng.uniform(0, 1)
        self.contrast = rng.uniform(0.4, 1.0)

    def render(self, opening: Series, stretch: Series) -> Image:
        height, width = self.still.shape
        y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
        away = ((x - self.centre) / self.half_width) ** 2
        profile = np.clip(1 - away, 0, None)
        near = np.exp(-away / 2)
        # Lips move as one with the skin about them, which gives way the less the farther it is.
        give = np.exp(-np.abs(y - self.line) / self.fall) * np.where(
            y > self.line, 1 - self.upper_share, -self.upper_share
        )
        frames = np.empty((len(opening), height, width), dtype=np.uint8)
        for number, (wide, stretched) in enumerate(zip(opening, stretch, strict=True)):
            gap = np.float32(wide * self.reach) * profile
            source_x = self.centre + (x - self.centre) / (1 + self.stretch * stretched * near)
            source_y = y - give * gap
            image = cv2.remap(
                self.still, np.broadcast_to(source_x, source_y.shape).astype(np.float32), source_y.astype(np.float32),
                cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
            ).astype(np.float32)  # fmt: skip
            up, down = self.line - self.upper_share * gap, self.line + (1 - self.upper_share) * gap
            hole = np.clip(np.minimum(y - up, down - y) + 0.5, 0, 1) * (gap > 0.3)
            teeth = self.teeth * np.clip(1 - (y - up) / (0.3 * gap + 1e-3), 0, 1)
            image += self.contrast * hole * (self.inside + teeth * (200 - self.inside) - image)
            frames[number] = np.clip(image, 0, 255)
        return frames


def _wander(n_frames: int, rng: np.random.Generator, *, smooth: int) -> Series:
    """Noise of standard deviation 1 that varies over about `smooth` frames."""
    noise = _smooth(rng.standard_normal(n_frames + 2 * smooth), smooth)[smooth : smooth + n_frames]
    return np.asarray(noise * np.sqrt(smooth))


def _smooth(series: Series, width: int) -> Series:
    return np.convolve(series, np.ones(width) / width, mode="same")
