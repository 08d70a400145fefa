"""A mouth encoder of the cue network or the live model inside a model that reads lip frames, as AVDCNN does."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.nn.encoders.mouth import MouthEncoder


class MouthFrames(nn.Module):
    """Features of each lip frame and the two before it, by a mouth encoder without its recurrence.

    The recurrence reaches back without end, and AVDCNN enhances in chunks that must equal the whole. Its weights are
    kept, so that encoders load strictly, and are not trained.
    """

    def __init__(self, encoder: MouthEncoder, *, frame_rate_hz: float) -> None:
        """Set up.

        Args:
            encoder: of mouths.
            frame_rate_hz: of the frames that it is given, in which a video frame may come more than once.
        """
        super().__init__()
        self.encoder, self.dim, self.frame_rate_hz = encoder, encoder.dim, frame_rate_hz
        self.step = max(1, round(frame_rate_hz / encoder.frame_rate_hz))
        self.reach = 4 * self.step
        """Frames before one that it depends on: two for the neighbours, one more for the change, and their copies."""
        for parameter in encoder.over_time.parameters():
            parameter.requires_grad_(False)

    def forward(self, frames: Tensor) -> Tensor:
        """Encode lip frames.

        Args:
            frames: `(batch, time, 3, height, width)`, movement plus 1 as AVDCNN makes it; all 0 where there is none.

        Returns:
            `(batch, time, dim)`.
        """
        present = (frames != 0).flatten(2).any(dim=2)[:, :, None, None, None]
        grey = (frames - 1).mean(dim=2, keepdim=True) * present
        change = grey - _earlier(grey, self.step)
        motion = torch.cat([grey, change], dim=2)
        each = self.encoder.each(motion.flatten(0, 1)).reshape(*frames.shape[:2], self.dim)
        padded = F.pad(each.transpose(1, 2), (2 * self.step, 0), mode="replicate")
        neighbours = self.encoder.neighbours
        near = F.conv1d(padded, neighbours.weight, neighbours.bias, dilation=self.step)
        features: Tensor = torch.relu(near).transpose(1, 2)
        return features


def _earlier(frames: Tensor, n: int) -> Tensor:
    """Each frame's predecessor by `n`; the first one's before the start."""
    first = frames[:, :1].expand(-1, min(n, frames.shape[1]), *frames.shape[2:])
    return torch.cat([first, frames[:, :-n]], dim=1)[:, : frames.shape[1]]
