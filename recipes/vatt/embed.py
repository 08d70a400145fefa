"""Clips to vectors."""

from typing import NamedTuple

import torch
from torch import Tensor

from avse.models.vatt import VATT
from avse.nn.heads import CommonVectors
from recipes.vatt.data import ClipDataset, collate


class Embedded(NamedTuple):
    """Many clips."""

    vectors: CommonVectors
    """In the common spaces; one text each, the first."""
    video: Tensor
    """`(clips, dim)` the video encoder's own features, for probes."""
    audio: Tensor
    """`(clips, dim)` the sound encoder's."""
    has_sound: Tensor
    has_text: Tensor


@torch.inference_mode()
def embed_clips(model: VATT, dataset: ClipDataset, *, n_clips: int | None = None, batch_size: int = 16) -> Embedded:
    """Embed a split's clips, each as it is.

    Args:
        model: in evaluation mode.
        dataset: without augmentation.
        n_clips: at most so many, evenly from all; None takes all.
        batch_size: clips at a time.
    """
    device = next(model.parameters()).device
    n_chosen = min(n_clips or len(dataset), len(dataset))
    numbers = [round(i * len(dataset) / n_chosen) for i in range(n_chosen)]
    parts = []
    for start in range(0, n_chosen, batch_size):
        clips = collate([dataset[0, number] for number in numbers[start : start + batch_size]])
        video = model.encoder("video").clip(clips.frames.to(device))
        audio = model.encoder("audio").clip(clips.waveform.to(device))
        vectors = model.common(video, audio, model.of_texts(clips.words.to(device)))
        parts.append([*(v.float().cpu() for v in (*vectors, video, audio)), clips.has_sound, clips.has_text])
    joined = [torch.cat(pieces) for pieces in zip(*parts, strict=True)]
    return Embedded(CommonVectors(*joined[:4]), *joined[4:])
