"""What a stage runs: programs of the recipes and of the corpora, each a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


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
    """The file that it makes; where it is there already, the program is not run."""
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
    if command.made is not None and (ROOT / command.made).exists():
        return
    name = [command.program] if command.program.endswith(".py") else ["-m", command.program]
    done = subprocess.run([sys.executable, *name, *command.options], cwd=ROOT, env=dict(environment), check=False)
    if done.returncode and not command.may_fail:
        raise StageError("", code=done.returncode if done.returncode > 0 else 128 - done.returncode)
    if done.returncode:
        print("run.sh: the other systems continue", file=sys.stderr)
