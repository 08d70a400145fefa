"""The encoder of voice features, frame by frame and causal: what the cue network hears by."""

import torch
from torch import Tensor, nn

from avse.nn.causal import remember
from avse.nn.encoders.mouth import MouthState
from avse.nn.layers import SLOPE
from avse.signal.speech_cue import CUE_RATE_HZ
from avse.signal.voice_features import N_FEATURES


class VoiceEncoder(nn.Module):
    """Voice features to embeddings: a hidden layer, three frames together, and a GRU; causal."""

    def __init__(self, *, dim: int) -> None:
        """Set up; `dim` features per video frame."""
        super().__init__()
        self.sizes = {"dim": dim}
        self.dim, self.frame_rate_hz = dim, CUE_RATE_HZ
        self.frame = nn.Sequential(nn.Linear(N_FEATURES, dim), nn.LeakyReLU(SLOPE), nn.Dropout(0.1))
        self.neighbours = nn.Conv1d(dim, dim, 3)
        self.over_time = nn.GRU(dim, dim, batch_first=True)

    def initial_state(self, batch: int, like: Tensor) -> MouthState:
        """The state before the first frame: zeros, `(batch, dim, 2)` and `(1, batch, dim)`."""
        return MouthState(like.new_zeros(batch, self.dim, 2), like.new_zeros(1, batch, self.dim))

    def forward(self, features: Tensor, state: MouthState) -> tuple[Tensor, MouthState]:
        """Encode `(batch, frames, N_FEATURES)` to `(batch, frames, dim)`, and the new state."""
        seen = torch.cat([state.past, self.frame(features).transpose(1, 2)], dim=2)
        near = torch.relu(self.neighbours(seen)).transpose(1, 2)
        encoded, hidden = remember(self.over_time, near, state.hidden)
        return encoded, MouthState(seen[:, :, -2:], hidden)
