"""Windows of clips: so many video frames, and the samples heard with them, at a network's size."""

import cv2
import numpy as np
import numpy.typing as npt

from avse.clips.cut import Clip
from avse.types import Image, Waveform


def window_of(
    clip: Clip, first: int, *, n_frames: int, n_samples: int, sample_rate: int, fps: float
) -> tuple[Image, Waveform]:
    """Cut a window.

    Args:
        clip: to cut from.
        first: frame to begin with.
        n_frames: video frames; past the clip's end the last one is repeated.
        n_samples: samples; past the end, and where the clip has no audio, they are 0.
        sample_rate: Hz of the clip's audio.
        fps: video frames a second of the clip.

    Returns:
        `(n_frames, height, width, 3)` RGB, and `(n_samples,)`.
    """
    frames = clip.frames[first : first + n_frames]
    frames = np.concatenate([frames, np.repeat(frames[-1:], n_frames - len(frames), axis=0)])
    waveform = np.zeros(n_samples, dtype=np.float32)
    if clip.waveform is not None:
        start = round(first / fps * sample_rate)
        piece = clip.waveform[start : start + n_samples]
        waveform[: len(piece)] = piece
    return frames, waveform


def resized(frames: Image, size: tuple[int, int]) -> Image:
    """Video frames `(time, height, width, 3)` of another size, `(height, width)`, without aliasing."""
    if frames.shape[1:3] == size:
        return frames
    smaller = size[0] < frames.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.stack([cv2.resize(frame, (size[1], size[0]), interpolation=how) for frame in frames])


def as_pixels(frames: Image, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Video frames as a network takes them, `(time, 3, height, width)` in [0, 1]."""
    pixels = resized(frames, size).astype(np.float32).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pixels) / np.float32(255)
