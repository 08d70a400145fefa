"""The folder of a run: what was asked for, with which software, and what came of it."""

import dataclasses
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml

from avse.errors import ConfigError
from avse.media.output import atomic_write
from avse.training.settings import CONFIG, FREE, INPUTS, check_same, digests, plain


def describe_software() -> dict[str, Any]:
    """Versions, commit, hardware and command, for a record that somebody can repeat."""
    return {
        "command": _command(),
        "commit": commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else f"CPU, {torch.get_num_threads()} threads",
        "machine": platform.machine(),
    }


def commit() -> str:
    """The commit of the code's repository, with `+changes` if files differ from it; `unknown` outside of one."""
    folder = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+changes"],
            cwd=folder, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip()


def _command() -> str:
    """What was typed; modules of the repository and the data by their names, not by their places on this machine."""
    program, *arguments = sys.argv
    root = Path(__file__).parents[2]
    path = Path(program).resolve()
    if path.is_relative_to(root) and path.suffix == ".py":
        program = f"python -m {'.'.join(path.relative_to(root).with_suffix('').parts)}"
    data = os.environ.get("AVSE_DATA", "").rstrip("/")
    if data:
        arguments = ["$AVSE_DATA" + a[len(data) :] if f"{a}/".startswith(f"{data}/") else a for a in arguments]
    return " ".join([program, *arguments])


class Run:
    """A folder with `config.yaml`, `inputs.json`, `software.json` and `log.jsonl`."""

    def __init__(
        self,
        folder: Path,
        *,
        config: Any,
        inputs: Mapping[str, str] | None = None,
        free: Collection[str] = FREE,
    ) -> None:
        """Create the folder, or continue in it.

        Args:
            folder: where.
            config: dataclass instance, saved as it was resolved.
            inputs: hashes of data that lie in none of the files that `config` names.
            free: settings that may differ from those that the run was begun with.

        Raises:
            ConfigError: the folder cannot be made, or holds results of other settings or data.
        """
        self.folder = folder
        found = digests(config, inputs)
        check_same(folder, config=config, inputs=found, free=free)
        self.is_first = int(os.environ.get("RANK", "0")) == 0
        """Of several processes started by `torchrun`, rank 0 writes."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"folder {folder} must be one to write to but is not ({error.strerror}); name another"
            ) from None
        self._write(CONFIG, yaml.safe_dump(plain(dataclasses.asdict(config)), sort_keys=False))
        self._write(INPUTS, json.dumps(found, indent=1) + "\n")
        self._write("software.json", json.dumps(describe_software(), indent=1) + "\n")

    def log(self, **values: float | str) -> None:
        """Append one line of numbers, with the time."""
        if not self.is_first:
            return
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%S"), **values}) + "\n")

    def _write(self, name: str, text: str) -> None:
        if not self.is_first:
            return
        with atomic_write(self.folder / name, force=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
