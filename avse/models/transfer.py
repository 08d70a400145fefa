"""What VATT has learned on videos, at the start of the other models."""

from pathlib import Path
from typing import TypeVar

from torch import nn

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.encoders import encoder_of
from avse.models.registry import MODELS, Model, Tokens
from avse.models.vatt import VATT
from avse.nn.encoders.tokens import TokenEncoder

Begun = TypeVar("Begun", bound=Model)


def with_vatt(model: Begun, weights: Path | None) -> Begun:
    """Give a model's encoders of tokens the weights of a VATT's: that of video, or for driver stress that of audio.

    Args:
        model: of the registry, built with encoders of tokens; changed in place.
        weights: of a VATT; None leaves the model as it is.

    Raises:
        ConfigError: the model has no such encoders, or they are not of the VATT's sizes.
    """
    if weights is None:
        return model
    tokens = MODELS[model.name].tokens
    modality, readers = tokens(model) if tokens else Tokens("video", [None])
    given = zoo.load_as(VATT, weights).encoder(modality).state_dict()
    for reader in readers:
        encoder = getattr(reader, "encoder", None)
        if not isinstance(encoder, TokenEncoder):
            raise ConfigError(
                f"{model.name} must read {modality} by tokens to begin with {weights} but does not; configure that"
            )
        try:
            encoder.load_state_dict(given)
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"the {modality} encoder of {weights} must be of the sizes of that of {model.name} but is not "
                f"({reason}); configure the same sizes"
            ) from None
    return model


def with_encoder(model: Model, weights: str, *, modality: str = "video") -> None:
    """Begin a model's encoder with that of another model, of the same kind and sizes.

    Args:
        model: of the zoo; changed in place.
        weights: name or file of any model of the zoo that has an encoder of the modality.
        modality: `video`, `audio` or `text`.

    Raises:
        ConfigError: one of them has no such encoder, or they are of other kinds or sizes; nothing is loaded in part.
    """
    target, source = core_of(encoder_of(model, modality)), core_of(encoder_of(zoo.load(weights), modality))
    own, given = target.state_dict(), source.state_dict()
    wrong = [name for name in own if name not in given or given[name].shape != own[name].shape]
    if type(target) is not type(source) or wrong or len(own) != len(given):
        kinds = f"{type(source).__name__} against {type(target).__name__}" + (f", {wrong[0]}" if wrong else "")
        raise ConfigError(
            f"the {modality} encoder of {weights} must be of the kind and sizes of the model's but is not ({kinds}); "
            "configure the same"
        )
    target.load_state_dict(given)


def core_of(encoder: nn.Module) -> nn.Module:
    """An encoder without what adapts it to the model that holds it."""
    inner = getattr(encoder, "encoder", None)
    return core_of(inner) if isinstance(inner, nn.Module) else encoder
