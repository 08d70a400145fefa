"""Concatenation against ensembles on the tasks that have been evaluated: writes `recipes/recognition/RESULTS.md`."""

import argparse
import os
import sys
from collections.abc import Sequence

from egs.stages.command import ROOT, StageError, command, run

TASKS = {
    "GRID colour, s4 and two": "egs/grid_words/exp/development/colour",
    "GRID colour, s26 and s31": "egs/grid_words/exp/colour",
    "GRID digit, s26 and s31": "egs/grid_words/exp/digit",
    "Emo-DB emotion": "egs/emodb/exp/emotion",
    "ESC-10": "egs/esc10/exp/audio",
    "synthetic emotion": "egs/synthetic_emotion/exp/emotion",
}
"""Folders of evaluations, by what the table calls their task, in its order."""


def main(argv: Sequence[str]) -> int:
    """Write the table; tasks that have not been evaluated are skipped."""
    argparse.ArgumentParser(prog="egs/fusions.sh", description=__doc__).parse_args(argv)
    there = [f"{task}={folder}" for task, folder in TASKS.items() if (ROOT / folder / "predictions").is_dir()]
    tasks = [word for task in there for word in ("--task", task)]
    output = "recipes/recognition/RESULTS.md"
    try:
        if not tasks:
            raise StageError("an evaluation must be there but none is; run egs/*/run.sh first")
        run(command("recipes.recognition.fusions", output, "--command", "egs/fusions.sh", *tasks), os.environ)
    except StageError as error:
        if str(error):
            print(f"fusions.sh: error: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
