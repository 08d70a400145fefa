"""Windows of clips to vectors."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from avse.models.vatt import VATT
from avse.nn.heads import CommonVectors
from recipes.vatt.data import ClipDataset, ClipExample, collate


class Embedded(NamedTuple):
    """Many windows."""

    vectors: CommonVectors
    """In the common spaces; one text each, the first."""
    video: Tensor
    """`(windows, dim)` the video encoder's own features, for probes."""
    audio: Tensor
    """`(windows, dim)` the audio encoder's."""
    has_audio: Tensor
    has_text: Tensor


@torch.inference_mode()
def embed(model: VATT, windows: Iterable[ClipExample], *, batch_size: int = 48) -> Embedded:
    """Embed windows.

    Args:
        model: in evaluation mode.
        windows: one or more.
        batch_size: windows at a time.
    """
    device = next(model.parameters()).device
    parts = []
    left = iter(windows)
    while some := list(islice(left, batch_size)):
        clips = collate([some])
        video = model.of_videos(clips.frames.to(device))
        audio = model.of_audio(clips.waveform.to(device))
        vectors = model.common(video, audio, model.of_texts(clips.words.to(device)))
        parts.append([*(v.float().cpu() for v in (*vectors, video, audio)), clips.has_audio, clips.has_text])
    joined = [torch.cat(pieces) for pieces in zip(*parts, strict=True)]
    return Embedded(CommonVectors(*joined[:4]), *joined[4:])


def some_windows(dataset: ClipDataset, n_clips: int) -> Iterable[ClipExample]:
    """The windows of so many clips, evenly from all, each as it is."""
    n_chosen = min(n_clips, len(dataset))
    for number in range(n_chosen):
        yield from dataset[0, round(number * len(dataset) / n_chosen)]
