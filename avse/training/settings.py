"""What a run was begun with: a run continues, and its results are used again, only under the same settings and data."""

import dataclasses
import hashlib
import json
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from avse.errors import ConfigError
from avse.media.old_names import current_settings

CONFIG, INPUTS = "config.yaml", "inputs.json"
FREE = ("folder", "keep_decoded", "workers", "max_minutes", "n_workers", "checkpoint_every_steps")
"""Settings that change no number of a run: how long, how often and by how many helpers."""
RESULTS = (
    "last.safetensors",
    "last.json",
    "best.safetensors",
    "model.safetensors",
    "predictions",
    "runs",
    "scores.json",
)
"""A folder that holds one of these was begun."""
CACHES = ("audio",)
"""Folders that are filled from the manifest's files as they are needed."""
MOST_READ_BYTES = 2**30
"""A folder of data that is larger is known by the names and sizes of its files."""
REPORTS = (".json", ".jsonl", ".log", ".txt", ".md")
"""Files in a folder of data that tell about it and are not part of it."""


def digests(config: Any, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Hashes of the files and folders that a configuration names, which may lie elsewhere next time.

    Args:
        config: dataclass instance; its fields that hold paths are taken, but for `folder`.
        more: data that lie in no file, and their hashes.

    Returns:
        By name of the setting; what does not exist is missing.
    """
    found = dict(more or {})
    for name, value in _paths(config):
        if value.is_file():
            with value.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        elif value.is_dir() and name not in CACHES:
            found[name] = folder_digest(value, names=_crop_names(config) if name == "crops" else None)
    return found


def _crop_names(config: Any) -> set[str] | None:
    """Files of mouth crops that a configuration's manifest asks for; the folder may hold those of other videos too."""
    manifest = getattr(config, "manifest", None)
    if not isinstance(manifest, Path) or not manifest.is_file():
        return None
    lines = manifest.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        return {f"{Path(str(json.loads(line)['id'])).name}.npz" for line in lines if line}
    except (ValueError, KeyError, TypeError):
        return None  # reading the manifest will say what is wrong with it


def check_same(folder: Path, *, config: Any, inputs: Mapping[str, str], free: Collection[str] = FREE) -> None:
    """Validate that a folder's results were made under the same settings from the same data, if it has any.

    Args:
        folder: of the run.
        config: dataclass instance, as it is asked for now.
        inputs: hashes of the data, as `digests` gives them.
        free: settings that may differ.

    Raises:
        ConfigError: a setting or the data differ; the message has the names, and both values of settings.
    """
    if not any((folder / name).exists() for name in RESULTS):
        return
    before, now = current_settings(_flat(_read(folder / CONFIG))), _flat(plain(dataclasses.asdict(config)))
    files = {name for name, _ in _paths(config)}
    differences = [
        f"{name} was {before[name]!r} but is {now[name]!r}"
        for name in now
        if name in before and name not in files and name.rpartition(".")[2] not in free and before[name] != now[name]
    ]
    hashes = _read(folder / INPUTS)
    differences += [
        f"{name} holds other data than then" for name, value in inputs.items() if hashes.get(name, value) != value
    ]
    if differences:
        raise ConfigError(
            f"run {folder} must continue as begun but {'; '.join(differences)}; set it back, or name another folder"
        )


def folder_digest(folder: Path, *, names: Collection[str] | None = None) -> str:
    """Hash of what a folder holds: names and sizes, and the contents where they are not too many to read.

    Args:
        folder: searched with the folders in it; hidden files and reports do not count.
        names: files of these names alone; all by default.
    """
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix not in REPORTS
        and not path.name.startswith(".")
        and (names is None or path.name in names)
    )
    sizes = [path.stat().st_size for path in files]
    found = hashlib.sha256()
    for path, size in zip(files, sizes, strict=True):
        found.update(f"{path.relative_to(folder)} {size}\n".encode("utf-8", "surrogateescape"))
        if sum(sizes) <= MOST_READ_BYTES:
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def plain(value: Any) -> Any:
    """Paths as text and tuples as lists, which YAML can hold."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value


def _paths(config: Any, prefix: str = "") -> list[tuple[str, Path]]:
    """Settings that hold a path, in their order."""
    found = []
    for field in dataclasses.fields(config):
        value, name = getattr(config, field.name), f"{prefix}{field.name}"
        if isinstance(value, Path) and name != "folder":
            found.append((name, value))
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            found += _paths(value, f"{name}.")
    return found


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _read(path: Path) -> dict[str, Any]:
    """A mapping from a YAML or JSON file; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} must be readable but is not ({error}); name another folder for the run") from None
    return typing.cast(dict[str, Any], values) if isinstance(values, dict) else {}
