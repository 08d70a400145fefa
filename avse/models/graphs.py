"""A model that enhances from its ONNX graph, whichever kind it is of: no torch is imported."""

from pathlib import Path

from avse.errors import ConfigError
from avse.models.enhancing import CausalModel
from avse.models.onnx import open_graph
from avse.models.registry import MODELS


def load_graph(path: Path) -> CausalModel:
    """Load the graphs of a model that enhances frame by frame.

    Args:
        path: of the audio's graph; the lips of a steered model are those that come with avse.

    Raises:
        ConfigError: the file is missing or is no such graph.
    """
    graph = open_graph(path)
    name = graph[1]["model"]
    load = MODELS[name].load_graph if name in MODELS else None
    if load is None:
        names = ", ".join(name for name, entry in MODELS.items() if entry.load_graph)
        raise ConfigError(f"graph {path} must be of one of {names} but is of {name}; name another file")
    return load(path, graph)
