"""The command `avse-export`: weights of a causal model in, ONNX graphs out that run without torch."""

import argparse
import sys
from pathlib import Path

from avse.cli.command import UsageError, add_verbosity, as_usage_unless_media, run, say, visible
from avse.cli.parser import CommandParser


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 done, 1 the graphs could not be written, 2 wrong usage.
    """
    return run(_parser(), _write, argv)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-export",
        description="Write a causal model as ONNX graphs, and check that they give what the model gives.",
        epilog="Use them with: avse-enhance noisy.wav --video talk.mp4 --model NAME.onnx",
    )
    parser.add_argument("model", metavar="MODEL", help="name, or weights file (.safetensors) that training wrote")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="NAME.onnx; the mouth's graph of a live model goes beside it as NAME.mouth.onnx",
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    add_verbosity(parser)
    return parser


def _write(options: argparse.Namespace) -> int:
    if options.output.suffix != ".onnx":
        raise UsageError(f"output {options.output} must end in .onnx; rename it")
    with as_usage_unless_media():
        difference = _export(options.model, options.output, force=options.force)
    say(visible(f"{options.output}: gives what {options.model} gives, within {difference:.1e}"))
    return 0


def _export(model: str, output: Path, *, force: bool) -> float:
    from avse.extras import require

    require("export", thing="avse-export")
    from avse.models import zoo
    from avse.models.export import export

    return export(zoo.load(model), output, force=force)


if __name__ == "__main__":
    sys.exit(main())
