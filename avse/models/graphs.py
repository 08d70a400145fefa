"""A model that enhances from its ONNX graph, whichever kind it is of: no torch is imported."""

from pathlib import Path

from avse.models.lip_steered import LipSteered, OnnxSteering
from avse.models.onnx import OnnxModel, open_graph
from avse.models.onnx_lips import OnnxLips


def load_graph(path: Path) -> OnnxModel | LipSteered:
    """Load the graphs of a live or a steered model.

    Args:
        path: of the audio's graph; the lips of a steered model are those that come with avse.

    Raises:
        ConfigError: the file is missing or is no such graph.
    """
    session, header = open_graph(path)
    if header["model"] == "steered":
        return LipSteered(OnnxSteering(session, header), OnnxLips())
    return OnnxModel(path)
