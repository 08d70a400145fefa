"""The live model as two ONNX graphs: one for each video frame of the mouth, one for each frame of audio.

The transform stands outside the graphs. All that a graph remembers is one row of numbers, `state`: zeros at the start,
and then what the graph gave with its last answer. `avse.models.onnx` runs them without torch.
"""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from avse.models.live import Live, StepState
from avse.models.onnx import OnnxModel, mouth_path
from avse.models.onnx_graph import GraphExport, StatefulGraph
from avse.nn.encoders.mouth import MouthState
from avse.signal.motion import N_CHANNELS


class AudioGraph(StatefulGraph):
    """Frames of audio: `(noisy, mouth, present, state) -> (enhanced, gate, state)`."""

    inputs = ("noisy", "mouth", "present", "state")
    outputs = ("enhanced", "gate", "next_state")
    frame_axes: ClassVar[dict[str, int]] = {"noisy": 2, "mouth": 1, "present": 1, "enhanced": 2, "gate": 1}

    def __init__(self, model: Live) -> None:
        """Wrap a model in evaluation mode."""
        step_state = model.initial_state(1, torch.zeros(1))
        super().__init__((*step_state.convolutions, *step_state.recurrent, step_state.gate))
        self.model = model
        self.n_convolutions = len(step_state.convolutions)

    def example(self, n_frames: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        config = self.model.config
        return (
            0.1 * torch.randn(1, 2, n_frames, config.stft.n_freqs),
            torch.randn(1, n_frames, config.video_dim),
            torch.ones(1, n_frames),
            torch.zeros(1, self.n_state),
        )

    def forward(self, noisy: Tensor, mouth: Tensor, present: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `Live.step`, for a batch of one."""
        *tensors, gate = self.split(state)
        step_state = StepState(tuple(tensors[: self.n_convolutions]), tuple(tensors[self.n_convolutions :]), gate)
        output, step_state = self.model.step(noisy, mouth, present, step_state)
        return (
            output.spectrum,
            torch.sigmoid(output.gate_logit),
            self.join((*step_state.convolutions, *step_state.recurrent, step_state.gate)),
        )


class MouthGraph(StatefulGraph):
    """Video frames of the mouth: `(motion, state) -> (mouth, state)`."""

    inputs = ("motion", "state")
    outputs = ("mouth", "next_state")
    frame_axes: ClassVar[dict[str, int]] = {"motion": 1, "mouth": 1}

    def __init__(self, model: Live) -> None:
        """Wrap a model in evaluation mode."""
        super().__init__(tuple(model.initial_video_state(1, torch.zeros(1))))
        self.model = model

    def example(self, n_frames: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        return torch.randn(1, n_frames, N_CHANNELS, *self.model.crop_size), torch.zeros(1, self.n_state)

    def forward(self, motion: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As `MouthEncoder.forward`, for a batch of one."""
        past, hidden = self.split(state)
        features, step_state = self.model.video(motion, MouthState(past, hidden))
        return features, self.join(tuple(step_state))


def _inputs(model: Live, rng: np.random.Generator, n_frames: int) -> tuple[Any, ...]:
    noisy = rng.standard_normal((model.stft.n_freqs, n_frames, 2)).astype(np.float32).view(np.complex64)[..., 0]
    motion = rng.standard_normal((n_frames, N_CHANNELS, *model.crop_size)).astype(np.float32)
    return 0.1 * noisy, motion, rng.random(n_frames) < 0.8


def _step(runner: Any, given: tuple[Any, ...], state: Any) -> tuple[tuple[Any, ...], Any]:
    noisy, motion, present = given
    video_state, audio_state = state or (None, None)
    features, video_state = runner.encode_video(motion, video_state)
    enhanced, trust, audio_state = runner.enhance_step(noisy, features, present, audio_state)
    return (features, enhanced, trust), (video_state, audio_state)


export = GraphExport(
    graphs=lambda model, path: {path: AudioGraph(model), mouth_path(path): MouthGraph(model)},
    runners=lambda model, *paths: (model, OnnxModel(*paths)),
    inputs=_inputs,
    step=_step,
)
"""Writes a live model's graphs; the mouth's becomes `NAME.mouth.onnx` beside `NAME.onnx`."""
