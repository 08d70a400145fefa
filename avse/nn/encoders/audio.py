"""Encoders of audio. Each returns `(batch, frames, features)` and states `.dim` and `.frame_rate_hz`."""

from torch import Tensor, nn

from avse.nn.context import pad_frames, windows


class SpectrumCNN(nn.Module):
    """The audio CNN of AVDCNN: two linear convolutions with a max-pool between them.

    The convolutions run once over the whole utterance; the windows are cut from their result. A column of the
    maps depends on two neighbouring frames only, so this equals a convolution of every window by itself
    at a fraction of the work.

    With 257 frequencies and 5 frames: 257 x 5 -> 246 x 4 x 10 -> pooled 123 x 4 x 10 -> 119 x 4 x 4 = 1904 features.
    """

    def __init__(self, *, n_freqs: int = 257, context: int = 5, frame_rate_hz: float = 50.0) -> None:
        super().__init__()
        self.sizes = {"n_freqs": n_freqs, "context": context, "frame_rate_hz": frame_rate_hz}
        self.context = context
        self.frame_rate_hz = frame_rate_hz
        width = min(2, context)
        self.conv1 = nn.Conv2d(1, 10, (12, width))
        self.pool = nn.MaxPool2d((2, 1))
        self.conv2 = nn.Conv2d(10, 4, (5, 1))
        self.n_columns = context - width + 1
        self.dim = 4 * ((n_freqs - 11) // 2 - 4) * self.n_columns

    def forward(self, log_power: Tensor) -> Tensor:
        """Encode normalised log power.

        Args:
            log_power: `(batch, freqs, frames)`.

        Returns:
            `(batch, frames, dim)`.
        """
        padded = pad_frames(log_power, context=self.context)
        maps = self.conv2(self.pool(self.conv1(padded.unsqueeze(1))))
        return windows(maps.flatten(1, 2), size=self.n_columns).flatten(2)
