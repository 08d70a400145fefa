"""The steered model as an ONNX graph; the lips have theirs (`avse.models.lip_cue_onnx`)."""

import copy
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from avse.models.gtcrn import CoreState
from avse.models.lip_steered import OnnxSteering, Steering, TorchSteering
from avse.models.onnx import open_graph
from avse.models.onnx_graph import GraphExport, StatefulGraph
from avse.models.steered import Steered, SteeredState
from avse.nn.band_blocks import give_recurrent_weights
from avse.signal.speech_cue import CUE_DIM


class SteeredGraph(StatefulGraph):
    """Audio frames: `(noisy, cue, present, state) -> (audio_only, steered, state)`."""

    inputs = ("noisy", "cue", "present", "state")
    outputs = ("audio_only", "steered", "next_state")
    frame_axes: ClassVar[dict[str, int]] = {
        "noisy": 2, "cue": 1, "present": 1, "audio_only": 2, "steered": 2,
    }  # fmt: skip

    def __init__(self, model: Steered) -> None:
        """Take a model in evaluation mode; its recurrences become GRUs, which have an operator."""
        model = with_grus(model)
        state = model.initial_state(1, torch.zeros(1))
        self.sizes = [len(part) for part in (*state.core, state.recurrent)]
        super().__init__(tuple(tensor for part in (*state.core, state.recurrent) for tensor in part))
        self.model = model

    def example(self, n_frames: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        n_freqs = self.model.config.core.stft.n_freqs
        return (
            0.1 * torch.randn(1, 2, n_frames, n_freqs),
            torch.rand(1, n_frames, CUE_DIM),
            torch.ones(1, n_frames),
            torch.zeros(1, self.n_state),
        )

    def forward(self, noisy: Tensor, cue: Tensor, present: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        """As `Steered.step`, for a batch of one."""
        tensors = iter(self.split(state))
        *core, recurrent = (tuple(islice(tensors, size)) for size in self.sizes)
        output, after = self.model.step(noisy, cue, present, SteeredState(CoreState(*core), recurrent))
        row = self.join(tuple(tensor for part in (*after.core, after.recurrent) for tensor in part))
        return output.audio_only, output.steered, row


def with_grus(model: Steered) -> Steered:
    """A copy whose minimal recurrences are GRUs of the same function."""
    twin = copy.deepcopy(model)
    give_recurrent_weights(twin)
    return twin.eval().requires_grad_(False)


def _inputs(model: Steered, rng: np.random.Generator, n_frames: int) -> tuple[Any, ...]:
    n_freqs = model.config.core.stft.n_freqs
    noisy = rng.standard_normal((n_freqs, n_frames, 2)).astype(np.float32).view(np.complex64)[..., 0]
    cue = rng.random((n_frames, CUE_DIM), dtype=np.float32)
    return 0.1 * noisy, cue, rng.random(n_frames) < 0.8


def _step(runner: Steering, given: tuple[Any, ...], state: Any) -> tuple[list[Any], Any]:
    noisy, cue, present = given
    *outputs, state = runner.enhance(noisy, cue, present, state)
    return outputs, state


export = GraphExport(
    graphs=lambda model, path: {path: SteeredGraph(model)},
    runners=lambda model, path: (TorchSteering(model), OnnxSteering(*open_graph(path))),
    inputs=_inputs,
    step=_step,
)
"""Writes a steered model's graph; the lips have theirs."""
