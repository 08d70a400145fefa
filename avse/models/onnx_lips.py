"""Runs the exported lip network by ONNX Runtime on one thread: no torch, so a program starts at once."""

from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime import InferenceSession

from avse.errors import ConfigError
from avse.models.lip_steered import LipSteered, OnnxSteering
from avse.models.onnx import open_graph
from avse.models.pretrained import PRETRAINED
from avse.types import FloatArray


class OnnxLips:
    """The lip network from its two files; holds no state of a recording."""

    def __init__(self, path: Path | None = None, voice: Path | None = None) -> None:
        """Load both graphs.

        Args:
            path: of the lips' graph; the one that comes with avse by default.
            voice: of the voice's graph; `NAME.voice.onnx` beside the lips' `NAME.onnx` by default.

        Raises:
            ConfigError: a file is missing or is no such graph.
        """
        path = path or PRETRAINED / "lip_cue.onnx"
        self._lips, header = open_graph(path)
        self._voice, voice_header = open_graph(voice or voice_path(path))
        if header["model"] != "lip_cue" or header["config"] != voice_header["config"]:
            raise ConfigError(f"graph {path} must be of a lip network, with the voice's graph beside it, but is not")
        self.crop_size: tuple[int, int] = (header["crop_size"][0], header["crop_size"][1])
        self.video_rate_hz: float = header["video_rate_hz"]
        self._n_states = header["n_state"], voice_header["n_state"]

    def watch(self, motion: FloatArray, state: FloatArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Take the next video frames of a mouth.

        Args:
            motion: `(frames, 2, height, width)` as `avse.signal.motion` makes it, 0 where there is no face.
            state: from the call before; None begins a recording.

        Returns:
            The predicted cue `(frames, CUE_DIM)` in [0, 1], embeddings `(frames, dim)`, and the new state.
        """
        state = np.zeros((1, self._n_states[0]), dtype=np.float32) if state is None else state
        cue, embedding, state = self._lips.run(None, {"motion": motion[None], "state": state})
        return cue[0], embedding[0], state

    def listen(self, features: FloatArray, state: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """Take the next frames of audio.

        Args:
            features: `(frames, N_FEATURES)` as `avse.signal.voice_features` makes them.
            state: from the call before; None begins a recording.

        Returns:
            Embeddings `(frames, dim)`, whose dot product with those of a mouth is evidence that it speaks, in nats; and
            the new state.
        """
        state = np.zeros((1, self._n_states[1]), dtype=np.float32) if state is None else state
        embedding, state = self._voice.run(None, {"features": features[None], "state": state})
        return embedding[0], state


def voice_path(path: Path) -> Path:
    """Where the voice's graph lies beside the lips'."""
    return path.with_suffix(".voice.onnx")


def steered_by_lips(session: InferenceSession, header: dict[str, Any]) -> LipSteered:
    """A steered model from its open graph, and the lip network that comes with avse."""
    return LipSteered(OnnxSteering(session, header), OnnxLips())
