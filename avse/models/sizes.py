"""Sizes that a file of weights may ask for, so that no file makes a program take memory that it does not fill."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from avse.errors import ConfigError

LARGEST = 10_000_000
"""Of any number in a configuration."""
REPEATED = ("layer", "block", "depth", "stage", "repeat", "stack", "head")
"""Words in the names of settings that count parts which are built one by one."""
MOST_PARTS = 1000
"""Of those."""
DEEPEST = 8
"""Levels of a configuration."""


def check_sizes(header: Mapping[str, Any], *, path: Path) -> None:
    """Refuse a configuration with numbers that no model has, before anything is built from it.

    Args:
        header: of a file of weights or a graph, as it was read.
        path: of the file.

    Raises:
        ConfigError: a number is too large or not finite, or the header is nested too deeply.
    """
    for name, value in _numbers(header, name="", depth=0, path=path):
        most = MOST_PARTS if any(word in name.rpartition(".")[2] for word in REPEATED) else LARGEST
        if not abs(value) <= most:
            raise ConfigError(
                f"weights {path} must have a {name.strip('.')} of at most {most} but have {value:g}; name another file"
            )


def _numbers(value: Any, *, name: str, depth: int, path: Path) -> Iterator[tuple[str, float]]:
    if depth > DEEPEST:
        raise ConfigError(f"weights {path} must have a plain header but it is nested {depth} deep; name another file")
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _numbers(entry, name=f"{name}.{key}", depth=depth + 1, path=path)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _numbers(entry, name=name, depth=depth + 1, path=path)
