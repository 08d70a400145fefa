"""Every kind of model, and what it can do: the one place where a model is added.

Classes are named as `module:name` and imported where they are used, so that asking what there is loads nothing.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from torch import Tensor, nn

    from avse.models.enhancing import CausalModel, Enhancing


class Model(Protocol):
    """What every model has: it is a `torch.nn.Module` that knows its name and its configuration."""

    name: ClassVar[str]
    """Its key in `MODELS`, and that of its recipe."""

    @property
    def config(self) -> Any:
        """The frozen dataclass that it was built from."""
        ...

    @classmethod
    def build(cls, config: Any) -> Any:
        """A model of these sizes, untrained."""
        ...

    @staticmethod
    def config_of(**header: Any) -> Any:
        """The configuration from what a file of weights holds, by older names and forms too."""
        ...

    def state_dict(self) -> "Mapping[str, Tensor]":
        """As that of `torch.nn.Module`."""
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """As that of `torch.nn.Module`."""
        ...

    def parameters(self) -> "Iterator[nn.Parameter]":
        """As that of `torch.nn.Module`."""
        ...

    def eval(self) -> Self:
        """As that of `torch.nn.Module`."""
        ...

    def to(self, device: Any) -> Self:
        """As that of `torch.nn.Module`."""
        ...


Load = Callable[[str], Any]
"""Loads another model by its name, onto the same device."""


def as_it_is(model: Any, load: Load) -> "Enhancing":
    """The enhancer runs the model itself."""
    enhancing: Enhancing = model
    return enhancing


def with_lips(model: Any, load: Load) -> "Enhancing":
    """The enhancer runs the steered model, steered by the lip network."""
    from avse.models.lip_steered import LipSteered, TorchSteering

    return LipSteered(TorchSteering(model), load("lip_cue"))


def as_steered(core: Any) -> Any:
    """The steered model around an audio core whose steering is untrained: it does what its core does."""
    from avse.models.steered import Steered, SteeredConfig

    return Steered(SteeredConfig(core=core.config), core=core).eval().to(next(core.parameters()).device)


def imported(import_path: str) -> Any:
    """What stands at `module:name`."""
    module, _, name = import_path.partition(":")
    return getattr(importlib.import_module(module), name)


def later(import_path: str) -> Callable[..., Any]:
    """A function or class of `module:name` that is imported when it is called."""

    def call(*given: Any, **options: Any) -> Any:
        return imported(import_path)(*given, **options)

    return call


class Tokens(NamedTuple):
    """Parts of a model that read by tokens, as VATT does, where they are configured so."""

    modality: str
    """`video` or `audio`."""
    readers: "Sequence[nn.Module | None]"
    """Each holds its encoder as `encoder`."""


class Entry(NamedTuple):
    """A kind of model, and what it can do beside being trained, stored and loaded."""

    import_path: str
    """Its class, as `module:name`; the class satisfies `Model`."""
    title: str = ""
    """In tables; its name by default."""
    is_causal: bool = False
    """It enhances calls, so it is tested with video that is bad, missing or long."""
    enhancer: "Callable[[Any, Load], Enhancing] | None" = None
    """What enhances speech with it."""
    export: Callable[..., float] | None = None
    """Writes its graphs to a path, `force` or not; gives the largest difference."""
    load_graph: "Callable[[Path, Any], CausalModel] | None" = None
    """Loads what `export` wrote, without torch: from its path, and what `avse.models.onnx.open_graph` gives for it."""
    encoders: "Callable[[Any], Mapping[str, nn.Module | None]]" = lambda _: {}
    """Its encoders by modality: `video`, `audio`, `text`; one model's encoder can begin another's."""
    tokens: Callable[[Any], Tokens] | None = None
    """What of it a VATT's encoder can begin."""

    @property
    def network(self) -> type[Any]:
        """The class, imported now."""
        network: type[Any] = imported(self.import_path)
        return network


MODELS = {
    "gtcrn": Entry(
        "avse.models.gtcrn:Gtcrn",
        is_causal=True,
        enhancer=lambda core, load: with_lips(as_steered(core), load),
        export=lambda core, path, *, force: later("avse.models.steered_onnx:export")(
            as_steered(core), path, force=force
        ),
    ),
    "avdcnn": Entry(
        "avse.models.avdcnn:AVDCNN",
        title="AVDCNN",
        enhancer=as_it_is,
        encoders=lambda model: {"video": model.video, "audio": model.audio},
        tokens=lambda model: Tokens("video", [model.video]),
    ),
    "live": Entry(
        "avse.models.live:Live",
        is_causal=True,
        enhancer=as_it_is,
        export=later("avse.models.live_onnx:export"),
        load_graph=lambda path, _: later("avse.models.onnx:OnnxModel")(path),
        encoders=lambda model: {"video": model.video},
        tokens=lambda model: Tokens("video", [model.video]),
    ),
    "lip_cue": Entry("avse.models.lip_cue:LipCue", encoders=lambda model: {"video": model.video, "audio": model.voice}),
    "driver_stress": Entry(
        "avse.models.driver_stress:DriverStress",
        tokens=lambda model: Tokens("audio", list(model.encoders.values())),
    ),
    "steered": Entry(
        "avse.models.steered:Steered",
        is_causal=True,
        enhancer=with_lips,
        export=later("avse.models.steered_onnx:export"),
        load_graph=lambda _, graph: later("avse.models.onnx_lips:steered_by_lips")(*graph),
    ),
    "recognizer": Entry("avse.models.recognition:Recognizer"),
    "vatt": Entry(
        "avse.models.vatt:VATT",
        encoders=lambda model: {name: model.encoder(name) for name in imported("avse.models.vatt:MODALITIES")},
    ),
}
