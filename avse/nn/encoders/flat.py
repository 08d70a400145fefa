"""No encoder at all: the windows of the input as they are. Returns `(batch, frames, features)` as the others do."""

from torch import Tensor, nn

from avse.nn.context import pad_frames, windows


class FlatWindows(nn.Module):
    """Each frame with its neighbours, side by side, for fully connected layers to read."""

    def __init__(self, size: int, *, context: int = 5, frame_rate_hz: float = 50.0) -> None:
        """Set up.

        Args:
            size: numbers in a frame: frequencies, or channels times pixels.
            context: frames seen at once, odd.
            frame_rate_hz: of the frames.
        """
        super().__init__()
        self.context, self.frame_rate_hz = context, frame_rate_hz
        self.dim = size * context

    def forward(self, frames: Tensor) -> Tensor:
        """Lay out windows.

        Args:
            frames: `(batch, freqs, frames)`, or video frames `(batch, frames, channels, height, width)`.

        Returns:
            `(batch, frames, dim)`.
        """
        rows = frames if frames.ndim == 3 else frames.flatten(2).transpose(1, 2)
        return windows(pad_frames(rows, context=self.context), size=self.context).flatten(2)
