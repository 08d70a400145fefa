"""Encoders of video frames. Each returns `(batch, frames, features)` and states `.dim` and `.frame_rate_hz`."""

import torch.nn.functional as F
from torch import Tensor, nn

from avse.nn.context import pad_frames


class LipCNN(nn.Module):
    """The visual CNN of AVDCNN: three linear convolutions over the lip frames of a window.

    The frames of a window are laid out one below the other as one tall image, so that a kernel sees
    neighbouring frames where they meet. With five RGB frames of 16 x 24:
    80 x 24 x 3 -> 79 x 10 x 12 -> 77 x 4 x 10 -> 75 x 2 x 6 = 900 features.
    As in `SpectrumCNN` the convolutions run once over the whole clip and the windows are cut from the result.
    """

    KERNELS = ((2, 15, 12), (3, 7, 10), (3, 3, 6))
    """Rows, columns and filters of each convolution."""

    def __init__(
        self,
        *,
        height: int = 16,
        width: int = 24,
        channels: int = 3,
        context: int = 5,
        frame_rate_hz: float = 50.0,
    ) -> None:
        super().__init__()
        self.sizes = {"height": height, "width": width, "channels": channels, "context": context,
                      "frame_rate_hz": frame_rate_hz}  # fmt: skip
        self.context = context
        self.frame_rate_hz = frame_rate_hz
        self.convolutions = nn.ModuleList()
        rows, columns, n_filters = context * height, width, channels
        for kernel_rows, kernel_columns, n_out in self.KERNELS:
            self.convolutions.append(nn.Conv2d(n_filters, n_out, (kernel_rows, kernel_columns)))
            rows, columns, n_filters = rows - kernel_rows + 1, columns - kernel_columns + 1, n_out
        self.n_rows = rows
        self.dim = rows * columns * n_filters

    def forward(self, frames: Tensor) -> Tensor:
        """Encode lip frames.

        Args:
            frames: `(batch, time, channels, height, width)`, each normalised; all zero where no face was seen.

        Returns:
            `(batch, time, dim)`.
        """
        batch, time = frames.shape[:2]
        height = frames.shape[3]
        padded = pad_frames(frames.flatten(2).transpose(1, 2), context=self.context)
        # (batch, channels x height x width, time) -> one tall image of the whole clip, frame below frame
        tall = padded.transpose(1, 2).reshape(batch, -1, *frames.shape[2:]).transpose(1, 2).flatten(2, 3)
        for convolution in self.convolutions:
            tall = convolution(tall)
        maps: Tensor = tall.unfold(2, self.n_rows, height)  # (batch, filters, time, columns, rows of a window)
        return maps.transpose(1, 2).reshape(batch, time, self.dim)


def normalise_images(frames: Tensor) -> Tensor:
    """Bring each image to mean 0 and standard deviation 1 over its pixels and colours.

    Args:
        frames: `(..., channels, height, width)`.

    Returns:
        The same shape; a constant image becomes zeros.
    """
    return F.layer_norm(frames, frames.shape[-3:])
