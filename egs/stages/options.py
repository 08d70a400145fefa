"""The options of `egs/<corpus>/run.sh`, and which stages they choose."""

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from egs.stages.command import ROOT, StageError

FLAG = ("true", "false")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def __init__(self, corpus: str, description: str, stages: Sequence[str]) -> None:
        super().__init__(prog=f"egs/{corpus}/run.sh", description=description, allow_abbrev=False)
        self.stages = stages
        numbers = ", ".join(f"{number} {name}" for number, name in enumerate(stages))
        self.add_argument("--stage", default="0", metavar="N", help=f"the first to run; {numbers}")
        self.add_argument("--stop-stage", default=str(len(stages) - 1), metavar="N", help="the last to run")
        self.add_argument("--stages", default="", metavar="NAME,NAME", help="these instead, by name")
        self.add_argument("--exp", type=Path, default=Path("egs", corpus, "exp"), help="folder of all that is made")
        self.add_argument("--config", type=Path, help="YAML of the training, by any name")

    def add_results(self) -> None:
        """Add where to write the results."""
        self.add_argument("--results", type=Path, metavar="FILE", help="Markdown to write")

    def add_workers(self) -> None:
        """Add how many processes work at once."""
        self.add_argument("--workers", default="2", metavar="N", help="processes at once (default: %(default)s)")

    def add_flag(self, name: str, text: str) -> None:
        """Add an option that is true or false."""
        self.add_argument(name, choices=FLAG, default="false", help=text)

    def error(self, message: str) -> NoReturn:
        """Stop."""
        raise StageError(f"{message}; see --help")

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """Read the options.

        Raises:
            StageError: one is unknown or wrong.
        """
        found, unknown = self.parse_known_args(argv)
        if unknown:
            raise StageError(f"option must be one that --help shows but is {unknown[0]}")
        return found

    def chosen(self, options: argparse.Namespace) -> list[str]:
        """Names of the stages to run.

        Raises:
            StageError: there is no such stage.
        """
        last = len(self.stages) - 1
        if options.stages:
            names = options.stages.split(",")
            for name in names:
                if name not in self.stages:
                    raise StageError(f"stage must be one of {' '.join(self.stages)} but is {name}")
            return list(names)
        known = [str(number) for number in range(last + 1)]
        if options.stage not in known or options.stop_stage not in known:
            raise StageError(f"stages must be 0 to {last} but are {options.stage} to {options.stop_stage}")
        return list(self.stages[int(options.stage) : int(options.stop_stage) + 1])


def read_corpus(corpus: str, name: str) -> dict[str, Any]:
    """What `egs/<corpus>/<name>.toml` says of a corpus: its stages and what these need to know.

    Raises:
        StageError: there is no such file, or it is no TOML.
    """
    path = ROOT / "egs" / corpus / f"{name}.toml"
    if not path.is_file():
        raise StageError(f"corpus must have a file egs/{corpus}/{name}.toml but has none; write one")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{path} must be TOML but is not ({error}); correct it") from None
