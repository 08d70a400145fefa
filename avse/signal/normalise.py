"""Normalisation of a feature by its own recent mean and standard deviation."""

import torch
import torch.nn.functional as F
from torch import Tensor

NO_FLOAT64 = ("mps",)
"""Kinds of devices that hold no float64."""


def sliding_mean_std(features: Tensor, *, radius: int, min_std: float) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each row over a window centred on each frame.

    For a recording no longer than `radius` frames these are the statistics of the whole utterance, the usual
    normalisation in speech enhancement. For a long one they follow the scene, and a frame depends on nothing
    farther than `radius` away, so a recording can be worked through in chunks with the same result.

    Args:
        features: `(batch, rows, frames)`.
        radius: frames on each side that count; fewer at the ends of the recording.
        min_std: the least standard deviation returned, in the features' unit, so that a constant row divides safely.

    Returns:
        Mean and standard deviation, each `(batch, rows, frames)`.
    """
    mean = _sliding_mean(features, radius=radius)
    # Deviations from the row's own mean keep float32 exact enough: the plain E[x^2] - E[x]^2 would cancel.
    row_mean = features.mean(dim=-1, keepdim=True)
    centred = features - row_mean
    variance = _sliding_mean(centred.square(), radius=radius) - (mean - row_mean).square()
    return mean, variance.clamp_min(min_std**2).sqrt()


def sliding_contrast(images: Tensor, present: Tensor, *, radius: int, min_std: float) -> Tensor:
    """What changes in a video: each video frame less the mean one around it, in units of the usual change.

    What stays, the person's looks and the light, goes; movement remains, and is alike from person to person.

    Args:
        images: `(batch, frames, channels, height, width)`.
        present: `(batch, frames)` bool, False where there is no video.
        radius: frames on each side that count; fewer at the ends, and only those with a video.
        min_std: the least standard deviation divided by, in the video frames' unit.

    Returns:
        The shape of `images`, 0 where there is no video.
    """
    here = present[:, None].to(images.dtype)
    pixels = images.flatten(2).transpose(1, 2) * here
    share = _sliding_mean(here, radius=radius).clamp_min(1e-6)
    mean = _sliding_mean(pixels, radius=radius) / share
    power = _sliding_mean(pixels.square(), radius=radius) / share
    std = (power - mean.square()).mean(dim=1, keepdim=True).clamp_min(min_std**2).sqrt()
    return ((pixels - mean * here) / std).transpose(1, 2).reshape(images.shape)


def _sliding_mean(features: Tensor, *, radius: int) -> Tensor:
    n_frames = features.shape[-1]
    if n_frames <= radius + 1:
        return features.mean(dim=-1, keepdim=True).expand_as(features)
    # Apple's GPUs hold no float64, which a sum over an hour needs.
    wide = features.cpu() if features.device.type in NO_FLOAT64 else features
    total = F.pad(wide.double().cumsum(dim=-1), (1, 0))
    frame = torch.arange(n_frames, device=total.device)
    first = (frame - radius).clamp_min(0)
    last = (frame + radius + 1).clamp_max(n_frames)
    mean = (total[..., last] - total[..., first]) / (last - first)
    return mean.to(features)
