"""Configurations: frozen dataclasses, read from YAML and the command line."""

import dataclasses
import re
import typing
from typing import Any, TypeVar

from jsonargparse import ArgumentError, auto_cli

from avse.errors import ConfigError, did_you_mean

Config = TypeVar("Config")


def read_config(kind: type[Config], argv: list[str] | None = None) -> Config:
    """Read a configuration from `--config FILE.yaml` and from flags such as `--loop.seed 3`, which win.

    Args:
        kind: the dataclass.
        argv: arguments without the program's name; those of the process by default.

    Raises:
        ConfigError: a key is unknown (the message names the nearest known one), missing, or of the wrong type.
    """
    try:
        config: Config = auto_cli(kind, as_positional=False, args=argv, exit_on_error=False)
    except ArgumentError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"configuration must fit {kind.__name__} but does not: {reason}{_nearest(kind, reason)}"
        ) from None
    return config


def _nearest(kind: type[Any], reason: str) -> str:
    """Advice for a misspelt key."""
    unknown = re.search(r"(?:option|[Uu]nrecogni[sz]ed arguments?:|[Kk]ey) ['\"]?(?:--)?([\w.]+)", reason)
    if unknown is None:
        return ""
    word = unknown.group(1).rsplit(".", 1)[-1]
    return did_you_mean(word, _field_names(kind))


def _field_names(kind: type[Any]) -> list[str]:
    hints = typing.get_type_hints(kind)
    names = []
    for field in dataclasses.fields(kind):
        names.append(field.name)
        if dataclasses.is_dataclass(hints[field.name]):
            names += _field_names(hints[field.name])
    return names
