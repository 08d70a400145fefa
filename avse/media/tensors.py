"""Tensors and a little JSON in one safetensors file: no pickle is ever read."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from avse.errors import ConfigError
from avse.media.old_names import current_header, current_tensor_name
from avse.media.output import atomic_write


def write_tensors(path: Path, tensors: dict[str, Tensor], *, header: dict[str, Any]) -> None:
    """Write tensors and a JSON-able header atomically.

    Args:
        path: file to write; replaced if it exists.
        tensors: by name, `(...)` of any axes.
        header: stored in the file as JSON.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    contiguous: dict[str, Tensor] = {}
    addresses: set[int] = set()
    for name, tensor in tensors.items():
        here = tensor.detach().cpu().contiguous()
        # safetensors refuses a tensor that has two names, as parts do that several encoders share.
        contiguous[name] = here.clone() if here.data_ptr() in addresses else here
        addresses.add(here.data_ptr())
    with atomic_write(path, force=True) as temporary:
        # Not `save_file`: its files can be read by their owner alone.
        temporary.write_bytes(save(contiguous, metadata={"avse": json.dumps(header)}))


def read_tensors(path: Path, *, device: str = "cpu") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote.

    Returns:
        The tensors by name, and the header.

    Raises:
        ConfigError: the file is missing, is not safetensors, or was not written by avse.
    """
    if not path.is_file():
        raise ConfigError(f"weights {path} must be a file but there is none; check the path")
    try:
        with safe_open(path, framework="pt", device=device) as file:
            header = current_header(json.loads((file.metadata() or {})["avse"]))
            return {current_tensor_name(name): file.get_tensor(name) for name in file.keys()}, header  # noqa: SIM118
    except (SafetensorError, KeyError, json.JSONDecodeError, RecursionError, OSError) as error:
        raise ConfigError(
            f"weights {path} must be a safetensors file written by avse but are not ({error}); name another file"
        ) from None
