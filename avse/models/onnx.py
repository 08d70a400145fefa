"""Runs exported models by ONNX Runtime on one thread: no torch, so a program starts at once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from avse.errors import ConfigError
from avse.media.old_names import current_header
from avse.models.sizes import check_sizes
from avse.signal.stft_config import StftConfig
from avse.types import Flags, FloatArray, Spectrum


class OnnxModel:
    """A causal model from the two files that `avse-export` wrote; holds no state of a recording."""

    def __init__(self, path: Path, mouth: Path | None = None) -> None:
        """Load both graphs.

        Args:
            path: of the audio's graph.
            mouth: of the mouth's graph; `NAME.mouth.onnx` beside the audio's `NAME.onnx` by default.

        Raises:
            ConfigError: a file is missing or is no such graph.
        """
        self._audio, header = open_graph(path)
        mouth = mouth or mouth_path(path)
        self._mouth, mouth_header = open_graph(mouth)
        if header["model"] != mouth_header["model"] or header["config"] != mouth_header["config"]:
            raise ConfigError(f"{path} and {mouth} must be of one model but are not; export it again")
        config = header["config"]
        self.name: str = header["model"]
        self.stft = StftConfig(window=config["window"], hop=config["hop"], sample_rate=config["sample_rate"])
        self.crop_size: tuple[int, int] = (header["crop_size"][0], header["crop_size"][1])
        self.video_rate_hz: float = header["video_rate_hz"]
        self._n_state, self._n_mouth_state = header["n_state"], mouth_header["n_state"]

    def encode_video(self, motion: FloatArray, state: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """As `avse.models.enhancing.CausalModel.encode_video`."""
        state = np.zeros((1, self._n_mouth_state), dtype=np.float32) if state is None else state
        mouth, state = self._mouth.run(None, {"motion": motion[None], "state": state})
        return mouth[0], state

    def enhance_step(
        self,
        noisy: Spectrum,
        mouth: FloatArray,
        present: Flags,
        state: FloatArray | None,
    ) -> tuple[Spectrum, FloatArray, FloatArray]:
        """As `avse.models.enhancing.CausalModel.enhance_step`."""
        state = np.zeros((1, self._n_state), dtype=np.float32) if state is None else state
        frames = noisy.T
        feeds = {
            "noisy": np.stack([frames.real, frames.imag])[None],
            "mouth": mouth[None],
            "present": present[None].astype(np.float32),
            "state": state,
        }
        enhanced, gate, state = self._audio.run(None, feeds)
        return (enhanced[0, 0] + 1j * enhanced[0, 1]).T, gate[0], state


def mouth_path(path: Path) -> Path:
    """Where the mouth's graph lies beside the audio's."""
    return path.with_suffix(".mouth.onnx")


def open_graph(path: Path) -> tuple[onnxruntime.InferenceSession, dict[str, Any]]:
    """Load a graph, to run on one thread, and its header.

    Raises:
        ConfigError: the file is missing or is no such graph.
    """
    if not path.is_file():
        raise ConfigError(f"graph {path} must be a file but there is none; check the path, or export it again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        header = current_header(json.loads(session.get_modelmeta().custom_metadata_map["avse"]))
    except Exception as error:
        # ONNX Runtime's errors share no base class but Exception.
        if isinstance(error, MemoryError):
            raise
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(f"graph {path} must be one that avse-export wrote but is not ({reason})") from None
    check_sizes(header, path=path)
    return session, header
