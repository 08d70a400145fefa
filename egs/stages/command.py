"""What a stage runs: programs of the recipes and of the corpora, each a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from avse.media.made import digest, key_of

ROOT = Path(__file__).parents[2]
DATA_VARIABLES = "AVSE_"
"""How the environment variables begin that say where data lie."""


class StageError(Exception):
    """A wrong option, or a program that failed; with the exit code."""

    def __init__(self, message: str, *, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Command:
    """One program with its options."""

    program: str
    """A module, or a script's path from the root of the repository."""
    options: tuple[str, ...]
    made: Path | None = None
    """The file that it makes; where the same command has made it already, the program is not run."""
    may_fail: bool = False
    """Whether the stages continue after it failed."""


Stage = Callable[[], Iterator[Command]]
"""Gives its programs one by one, as each may look for what those before it made."""


@dataclass(frozen=True)
class Pipeline:
    """Stages in their order, and what their programs find in their environment."""

    stages: Mapping[str, Stage]
    environment: Mapping[str, str] = field(default_factory=dict)


def command(program: str, *options: object, made: Path | None = None, may_fail: bool = False) -> Command:
    """A program with options of any kind; each is written as text."""
    return Command(program, tuple(str(option) for option in options), made=made, may_fail=may_fail)


def run(command: Command, environment: Mapping[str, str]) -> None:
    """Run a program from the root of the repository and wait for it.

    Raises:
        StageError: it failed; its own exit code, and no message, for it has said why.
    """
    key = _key(command, environment)
    if command.made is not None and _made_by(ROOT / command.made) == key:
        return
    name = [command.program] if command.program.endswith(".py") else ["-m", command.program]
    done = subprocess.run([sys.executable, *name, *command.options], cwd=ROOT, env=dict(environment), check=False)
    if done.returncode and not command.may_fail:
        raise StageError("", code=done.returncode if done.returncode > 0 else 128 - done.returncode)
    if done.returncode:
        print("run.sh: the other systems continue", file=sys.stderr)
    elif command.made is not None and (ROOT / command.made).exists():
        _note(ROOT / command.made).write_text(json.dumps({"key": key}) + "\n", encoding="utf-8")


def _key(command: Command, environment: Mapping[str, str]) -> str:
    """A name for all that a command depends on: its words, the files that they name, where the data lie."""
    files = {word: digest(path) for word in command.options if (path := ROOT / word) != _output(command)}
    places = {name: value for name, value in environment.items() if name.startswith(DATA_VARIABLES)}
    return key_of({"program": command.program, "options": command.options, "files": files, "environment": places})


def _output(command: Command) -> Path | None:
    return None if command.made is None else ROOT / command.made


def _made_by(made: Path) -> str | None:
    """The key of the command that made a file; None if there is no such file, or nobody knows what made it."""
    try:
        return str(json.loads(_note(made).read_text(encoding="utf-8"))["key"]) if made.exists() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _note(made: Path) -> Path:
    return made.with_name(f".{made.name}.made_by.json")
