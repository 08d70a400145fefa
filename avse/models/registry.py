"""Every kind of model, and what it can do: the one place where a model is added."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from torch import Tensor, nn

from avse.models import live_onnx, steered_onnx
from avse.models.avdcnn import AVDCNN
from avse.models.driver_stress import DriverStress
from avse.models.enhancing import Enhancing
from avse.models.gtcrn import Gtcrn
from avse.models.lip_cue import LipCue
from avse.models.lip_steered import LipSteered, TorchSteering
from avse.models.live import Live
from avse.models.recognition import Recognizer
from avse.models.steered import Steered, SteeredConfig
from avse.models.vatt import MODALITIES, VATT


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

    def state_dict(self) -> Mapping[str, Tensor]:
        """As that of `torch.nn.Module`."""
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """As that of `torch.nn.Module`."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
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


def as_it_is(model: Any, load: Load) -> Enhancing:
    """The enhancer runs the model itself."""
    enhancing: Enhancing = model
    return enhancing


def with_lips(model: Steered, load: Load) -> Enhancing:
    """The enhancer runs the model steered by the lip network."""
    return LipSteered(TorchSteering(model), load(LipCue.name))


def as_steered(core: Gtcrn) -> Steered:
    """The steered model whose steering is untrained: it does what its core does."""
    return Steered(SteeredConfig(core=core.config), core=core).eval().to(next(core.parameters()).device)


class Entry(NamedTuple):
    """A kind of model, and what it can do beside being trained, stored and loaded."""

    network: type[Any]
    """Satisfies `Model`."""
    enhancer: Callable[[Any, Load], Enhancing] | None = None
    """What enhances speech with it."""
    export: Callable[..., float] | None = None
    """Writes its graphs to a path, `force` or not; gives the largest difference."""
    encoders: Callable[[Any], Mapping[str, nn.Module | None]] = lambda _: {}
    """Its encoders by modality: `video`, `audio`, `text`; one model's encoder can begin another's."""


MODELS = {
    "gtcrn": Entry(
        Gtcrn,
        enhancer=lambda core, load: with_lips(as_steered(core), load),
        export=lambda core, path, *, force: steered_onnx.export(as_steered(core), path, force=force),
    ),
    "avdcnn": Entry(AVDCNN, enhancer=as_it_is, encoders=lambda model: {"video": model.video, "audio": model.audio}),
    "live": Entry(Live, enhancer=as_it_is, export=live_onnx.export, encoders=lambda model: {"video": model.video}),
    "lip_cue": Entry(LipCue, encoders=lambda model: {"video": model.video, "audio": model.voice}),
    "driver_stress": Entry(DriverStress),
    "steered": Entry(Steered, enhancer=with_lips, export=steered_onnx.export),
    "recognizer": Entry(Recognizer),
    "vatt": Entry(VATT, encoders=lambda model: {name: model.encoder(name) for name in MODALITIES}),
}
