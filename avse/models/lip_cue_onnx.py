"""The lip network as two ONNX graphs: one for the mouth's video frames, one for frames of audio."""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from avse.models.lip_cue import LipCue
from avse.models.onnx_graph import GraphExport, StatefulGraph
from avse.models.onnx_lips import OnnxLips, voice_path
from avse.nn.encoders.mouth import MouthState
from avse.signal.motion import N_CHANNELS
from avse.signal.voice_features import N_FEATURES


class LipGraph(StatefulGraph):
    """Video frames: `(motion, state) -> (cue, embedding, state)`."""

    inputs = ("motion", "state")
    outputs = ("cue", "embedding", "next_state")
    frame_axes: ClassVar[dict[str, int]] = {"motion": 1, "cue": 1, "embedding": 1}

    def __init__(self, model: LipCue) -> None:
        """Wrap a model in evaluation mode."""
        super().__init__(tuple(model.initial_video_state(1, torch.zeros(1))))
        self.model = model

    def example(self, n_frames: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        return torch.randn(1, n_frames, N_CHANNELS, *self.model.crop_size), torch.zeros(1, self.n_state)

    def forward(self, motion: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `LipCue.watch_step`, for a batch of one."""
        past, hidden = self.split(state)
        output, after = self.model.watch_step(motion, MouthState(past, hidden))
        return torch.sigmoid(output.cue_logits), output.embedding, self.join(tuple(after))


class VoiceGraph(StatefulGraph):
    """Frames of audio: `(features, state) -> (embedding, state)`."""

    inputs = ("features", "state")
    outputs = ("embedding", "next_state")
    frame_axes: ClassVar[dict[str, int]] = {"features": 1, "embedding": 1}

    def __init__(self, model: LipCue) -> None:
        """Wrap a model in evaluation mode."""
        super().__init__(tuple(model.initial_audio_state(1, torch.zeros(1))))
        self.model = model

    def example(self, n_frames: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        return torch.randn(1, n_frames, N_FEATURES), torch.zeros(1, self.n_state)

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As `LipCue.listen_step`, for a batch of one."""
        past, hidden = self.split(state)
        embedding, after = self.model.listen_step(features, MouthState(past, hidden))
        return embedding, self.join(tuple(after))


def _inputs(model: LipCue, rng: np.random.Generator, n_frames: int) -> tuple[Any, ...]:
    motion = rng.standard_normal((n_frames, N_CHANNELS, *model.crop_size)).astype(np.float32)
    return motion, rng.standard_normal((n_frames, N_FEATURES)).astype(np.float32)


def _step(runner: Any, given: tuple[Any, ...], state: Any) -> tuple[tuple[Any, ...], Any]:
    motion, features = given
    video_state, audio_state = state or (None, None)
    cue, video, video_state = runner.watch(motion, video_state)
    audio, audio_state = runner.listen(features, audio_state)
    return (cue, video, audio), (video_state, audio_state)


export = GraphExport(
    graphs=lambda model, path: {path: LipGraph(model), voice_path(path): VoiceGraph(model)},
    runners=lambda model, *paths: (model, OnnxLips(*paths)),
    inputs=_inputs,
    step=_step,
)
"""Writes a lip network's graphs; the voice's becomes `NAME.voice.onnx` beside `NAME.onnx`."""
