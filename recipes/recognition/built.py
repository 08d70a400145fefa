"""An encoder before it has a modality and a name: how a source becomes frames of features."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from avse.nn.encoders.frame_rows import FrameRows
from avse.types import FloatArray


class Built(NamedTuple):
    """An encoder of one modality."""

    encode: Callable[[Any], FloatArray]
    """The modality's source to `(frames, dim)`."""
    dim: int
    rate_hz: float
    """Frames per second; 0 where frames have no time."""
    vocabulary: int = 0
    """Above 0, frames are word numbers below this."""
    prepare: Callable[[Any], FloatArray] | None = None
    """The source to the rows that `network` reads, `(frames, width)`; None where it cannot be fine-tuned."""
    network: FrameRows | None = None
    row_rate_hz: float = 0.0
    """Rows per second that `network` reads and gives, where frozen features are fewer."""


def of_rows(prepare: Callable[[Any], FloatArray], network: FrameRows, *, rate_hz: float) -> Built:
    """An encoder that reads rows, so that it is applied here, or trained with what stands on it."""

    def encode(source: Any) -> FloatArray:
        return array_of(network(torch.from_numpy(prepare(source))[None])[0])

    return Built(encode, network.dim, rate_hz, prepare=prepare, network=network)


def array_of(features: torch.Tensor) -> FloatArray:
    """A network's features, `(frames, dim)`."""
    array: FloatArray = features.numpy()
    return array
