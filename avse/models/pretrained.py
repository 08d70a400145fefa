"""The weights that come with avse: one `NAME.safetensors` each, with its card, and its graphs if it has some."""

from pathlib import Path

PRETRAINED = Path(__file__).parent.parent / "pretrained"


def names() -> list[str]:
    """Names of the models that come with weights inside the package."""
    return sorted(path.stem for path in PRETRAINED.glob("*.safetensors"))


def graph_of(name_or_path: str) -> Path | None:
    """The ONNX graph that stands for a model, None if it has none."""
    own = PRETRAINED / f"{name_or_path}.onnx"
    if own.is_file():
        return own
    return Path(name_or_path) if name_or_path.endswith(".onnx") else None


def files_of(name_or_path: str) -> list[Path]:
    """The files that a model's numbers depend on, whether they exist or not."""
    graph = graph_of(name_or_path)
    weights = PRETRAINED / f"{name_or_path}.safetensors"
    own = weights if weights.is_file() else Path(name_or_path)
    return [own] if graph is None else [graph, graph.with_suffix(".mouth.onnx"), own]
