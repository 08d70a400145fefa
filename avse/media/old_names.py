"""Names that stored files had before they were renamed: weights, checkpoints and graphs written then still load."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

Value = TypeVar("Value")

TENSORS = (
    (re.compile(r"(^|\.)video\.picture\."), r"\1video.frame."),
    (re.compile(r"(^|\.)guess\.(weight|bias)$"), r"\1band_energy.\2"),
    (re.compile(r"(^|\.)middle\.(\d+)\.spread\."), r"\1middle.\2.expand."),
    (re.compile(r"(^|\.)middle\.(\d+)\.place$"), r"\1middle.\2.position"),
)
"""Of the live model and the lip network; with a prefix in checkpoints and where a model holds another."""
HEADER = {"picture_rate_hz": "video_rate_hz"}
LIVE_CONFIG = {"memory_dim": "state_dim", "band_memory_dim": "band_state_dim"}
SETTINGS = {
    "n_jobs": "workers",
    "n_sound_only": "n_audio_only",
    "n_valid_sound_only": "n_valid_audio_only",
    "model.memory_dim": "model.state_dim",
    "model.band_memory_dim": "model.band_state_dim",
    "loss.guess": "loss.band_energy",
    "errors.error_memory_s": "errors.error_time_constant_s",
}
"""Of training programs, by their path in `config.yaml`."""


def current_tensor_name(name: str) -> str:
    """A tensor's name today, for one that a file may have stored under its old name."""
    for pattern, replacement in TENSORS:
        name = pattern.sub(replacement, name)
    return name


def current_header(header: Any) -> Any:
    """A file's header with today's names; what is no header is given back as it is."""
    if not isinstance(header, dict):
        return header
    header = _renamed(header, HEADER)
    if header.get("model") == "live" and isinstance(header.get("config"), dict):
        header["config"] = _renamed(header["config"], LIVE_CONFIG)
    return header


def current_settings(settings: Mapping[str, Value]) -> dict[str, Value]:
    """A run's settings, by their path, with today's names."""
    return _renamed(settings, SETTINGS)


def _renamed(values: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    return {names.get(name, name): value for name, value in values.items()}
