"""The version of score files, in each of them and checked by every reader; `scores.schema.json` says what they hold."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avse.errors import ConfigError
from avse.jobs.places import Place

FIELD = "schema"
VERSION = 1
"""Raised whenever a reader of before would misread a file; files without one are of before the first."""
SCHEMA = Path(__file__).with_name("scores.schema.json")


def stamped(record: Mapping[str, Any]) -> dict[str, Any]:
    """A report, or a line of a score file, with the version first.

    Examples:
        >>> stamped({"id": "a", "stoi": 0.9})
        {'schema': 1, 'id': 'a', 'stoi': 0.9}
    """
    return {FIELD: VERSION, **record}


def current(record: Mapping[str, Any], *, source: Place) -> dict[str, Any]:
    """What a file of this version or of before holds, without the version.

    Args:
        record: as it was stored.
        source: of the record, for the error.

    Raises:
        ConfigError: the file is of a later version.

    Examples:
        >>> current({"id": "a", "stoi": 0.9}, source=Path("of_before.jsonl"))
        {'id': 'a', 'stoi': 0.9}
    """
    version = record.get(FIELD, 0)
    if not isinstance(version, int) or not 0 <= version <= VERSION:
        raise ConfigError(
            f"scores {source} must be of schema {VERSION} or before but are of {version}; install the newer avse"
        )
    return {name: value for name, value in record.items() if name != FIELD}
