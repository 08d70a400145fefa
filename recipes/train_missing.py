"""Train the configurations that have no weights yet: `python -m recipes.train_missing CONF.yaml ... --exp EXP`.

Each trains in a process of its own and leaves `EXP/NAME/train.log`; several at a time share the cores. One that fails
is named, and the others continue.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from avse.workers import run_module


def train_one(conf: Path, *, arguments: argparse.Namespace) -> str | None:
    """Train a configuration, or continue to train it; one that is finished with the same settings is left alone.

    Returns:
        Why it failed, or None.
    """
    run = arguments.exp / conf.stem
    run.mkdir(parents=True, exist_ok=True)
    n_threads = max(1, (os.cpu_count() or 1) // arguments.workers)
    options = ["--config", conf, "--folder", run, "--manifest", arguments.manifest, "--crops", arguments.crops]
    with (run / "train.log").open("w", encoding="utf-8") as log:
        done = run_module(
            f"recipes.{arguments.recipe}.train",
            *(str(option) for option in options),
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(n_threads))},
        )
    if done.returncode == 0:
        return None
    lines = (run / "train.log").read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return f"{conf} must train to its end but stopped with {done.returncode} ({last}); see {run / 'train.log'}"


def main(argv: list[str] | None = None) -> int:
    """Train what is missing; exit 1 if something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("conf", type=Path, nargs="+", help="configurations; a run is called as its file")
    parser.add_argument("--recipe", default="avdcnn", help="whose training program (default avdcnn)")
    parser.add_argument("--exp", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2, help="trainings at a time (default 2)")
    arguments = parser.parse_args(argv)
    if missing := [conf for conf in arguments.conf if not conf.is_file()]:
        print(f"train: error: configuration {missing[0]} must be a file but is none; check the name", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(arguments.workers) as pool:
        results = pool.map(partial(train_one, arguments=arguments), arguments.conf)
        failed = [why for why in tqdm(results, total=len(arguments.conf), desc="train", unit="run") if why]
    for why in failed:
        print(f"train: error: {why}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
