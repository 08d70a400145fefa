"""Weights by name: `NAME.safetensors`, its model card `NAME.md`, and its ONNX graphs if it has some.

Most come inside avse. A package of weights brings more: it names itself in the entry point group `avse.weights`, as
`packages/avse-avdcnn` and `packages/avse-vatt` do, and its folder is searched too.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from avse.errors import ConfigError, MissingExtraError, did_you_mean

PRETRAINED = Path(__file__).parent.parent / "pretrained"
GROUP = "avse.weights"
DEFAULT_MODEL = "steered"
"""Enhances files and calls where nothing else is asked for."""
PACKAGES = {"avdcnn": "avse-avdcnn", "vatt": "avse-vatt"}
"""Packages of the project that hold the weights of a name; avse's own wheel stays small without them."""


def names() -> list[str]:
    """Names of the models whose weights are installed."""
    return sorted(path.stem for folder in _folders() for path in folder.glob("*.safetensors"))


def folder_of(name: str) -> Path:
    """Where a model's weights lie, or would lie if they came with avse."""
    if (PRETRAINED / f"{name}.safetensors").is_file():
        return PRETRAINED  # without a search through all that is installed
    return next((folder for folder in _folders() if (folder / f"{name}.safetensors").is_file()), PRETRAINED)


def path_of(name_or_path: str) -> Path:
    """The weights file of an installed model, or the file that is named itself.

    Raises:
        ConfigError: there is no model of that name.
        MissingExtraError: its weights are in a package of the project that is not installed.
    """
    path = folder_of(name_or_path) / f"{name_or_path}.safetensors"
    if path.is_file():
        return path
    given = Path(name_or_path)
    if given.suffix or given.exists():
        return given
    if name_or_path in PACKAGES:
        package = PACKAGES[name_or_path]
        raise MissingExtraError(
            f"weights of {name_or_path} are in the package {package}, which is not installed; "
            f"run: pip install {package}, or in a checkout: pip install ./packages/{package}"
        )
    raise ConfigError(
        f"model must be one of {', '.join(names())} or a weights file but is {name_or_path!r}"
        f"{did_you_mean(name_or_path, [*names(), *PACKAGES]) or '; check the name'}"
    )


def card_of(name: str) -> Path:
    """The model card of an installed model."""
    return folder_of(name) / f"{name}.md"


def graph_of(name_or_path: str) -> Path | None:
    """The ONNX graph that stands for a model, None if it has none."""
    own = PRETRAINED / f"{name_or_path}.onnx"
    if own.is_file():
        return own
    return Path(name_or_path) if name_or_path.endswith(".onnx") else None


def files_of(name_or_path: str) -> list[Path]:
    """The files that a model's numbers depend on, whether they exist or not."""
    graph = graph_of(name_or_path)
    weights = folder_of(name_or_path) / f"{name_or_path}.safetensors"
    own = weights if weights.is_file() else Path(name_or_path)
    graphs = [] if graph is None else [graph, graph.with_suffix(".mouth.onnx")]
    # The lip network tells who speaks, and steers the steered model.
    return [*graphs, own, PRETRAINED / "lip_cue.onnx", PRETRAINED / "lip_cue.voice.onnx"]


@cache
def _folders() -> list[Path]:
    """Avse's own folder, and those of the packages of weights that are installed."""
    from importlib.metadata import entry_points  # slow to import, and the default model does without

    specs = [find_spec(point.module) for point in entry_points(group=GROUP)]
    return [PRETRAINED, *(Path(place) for spec in specs if spec for place in spec.submodule_search_locations or [])]
