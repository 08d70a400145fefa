"""Kill commands at random moments: `python -m benchmarks.torture.kills [--kills 50] [--only enhance]`.

Each command first runs to its end, twice: the first run warms the disk cache, the second is timed. Then it is started
again in a new folder, killed (SIGKILL) after a random share of that time, and started once more. After a kill no file
under a final name may be incomplete; after the rerun all files must be those of the run that was never killed, and
nothing temporary may be left. A run that had ended before its kill is checked too, but is not one of the kills. With
`--json` a stopped run continues with the next command.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avse.training.run import commit
from benchmarks.torture.record import table, write_section

ROOT = Path(__file__).parents[2]
LONGEST_S = 900.0
"""A run that takes longer hangs."""
MAX_RUNS_PER_KILL = 3
"""A command that has so often ended before its kill is left with fewer kills, as the table shows."""
BAD = ("half files", "unequal reruns", "leftovers", "tracebacks")
"""What must not be found."""
COLUMNS = ("runs", "kills", *BAD)
SETTLE_S = 0.3
"""After a kill, for the system to close the files."""


@dataclass(frozen=True)
class Case:
    """A command to kill."""

    name: str
    command: Callable[[Path, Path], list[str]]
    """From the folders of inputs and outputs."""
    finals: tuple[str, ...]
    """Patterns of the outputs that must be equal after every rerun."""


CASES = (
    Case(
        "enhance",
        lambda inputs, out: ["-m", "avse.cli.enhance", str(inputs / "media"), "-o", str(out), "--workers", "2"],
        ("*.wav", "*.mp4"),
    ),
    Case(
        "score",
        lambda inputs, out: ["-m", "avse.cli.score", "--reference", str(inputs / "clean"),
                             "--estimate", str(inputs / "noisy"), "--workers", "2", "--csv", str(out / "scores.csv"),
                             "--json", str(out / "scores.json")],
        ("scores.*",),
    ),
    Case(
        "prepare",
        lambda inputs, out: ["egs/simulated_drive/prepare.py", str(out), "--n-drivers", "4", "--n-stretches", "4",
                             "--workers", "2"],
        ("*.safetensors",),
    ),
    Case(
        "train",
        lambda inputs, out: ["-m", "recipes.driver_stress.train", "--folder", str(out), "--drives",
                             str(inputs / "drives"), "--window_s", "10", "--context_s", "60", "--n_sequences", "64",
                             "--loop.n_epochs", "3", "--loop.checkpoint_every_steps", "2",
                             "--loop.validate_every_epochs", "1"],
        ("model.safetensors", "best.safetensors"),
    ),
)  # fmt: skip


def make_inputs(folder: Path, *, drives: bool = False) -> None:
    """Write the recordings that the commands take, and the drives that training does."""
    from avse.synthetic.talker import make_sample

    for seed in range(3):
        made = make_sample(folder / "made" / str(seed), duration_s=2.0, seed=seed + 1)
        for path in made:
            kinds = {"clean.wav": ["clean"], "noisy.wav": ["noisy", "media"], "talk.mp4": ["media"]}[path.name]
            for kind in kinds:
                (folder / kind).mkdir(exist_ok=True)
                suffix = path.suffix
                name = f"{'talk' if suffix == '.mp4' else 'voice'} {seed}{suffix}"
                shutil.copy(path, folder / kind / name)
    if not drives:
        return
    subprocess.run(
        [sys.executable, "egs/simulated_drive/prepare.py", str(folder / "drives"), "--n-drivers", "2",
         "--n-stretches", "4", "--workers", "1"], cwd=ROOT, check=True, env=_environment(folder),
    )  # fmt: skip


def torture(case: Case, *, inputs: Path, work: Path, kills: int, rng: random.Random) -> Counter[str]:
    """Kill a command many times while it runs; what went wrong, by kind, `runs` and `kills` among it."""
    _finish(case, inputs, work / case.name / "first")
    whole = work / case.name / "whole"
    started = time.monotonic()
    _finish(case, inputs, whole)
    whole_s = time.monotonic() - started
    wanted = _digests(case, whole)
    found: Counter[str] = Counter()
    found["unequal reruns"] += _digests(case, work / case.name / "first") != wanted
    for number in range(MAX_RUNS_PER_KILL * kills):
        if found["kills"] == kills:
            break
        out = work / case.name / f"killed {number}"
        process = _start(case, inputs, out)
        time.sleep(rng.uniform(0, whole_s))
        found["kills"] += process.poll() is None
        process.kill()
        process.wait()
        time.sleep(SETTLE_S)
        found["runs"] += 1
        found["half files"] += sum(_is_half(path, wanted) for path in _files(case, out))
        errors = _finish(case, inputs, out)
        found["tracebacks"] += "Traceback" in errors
        found["unequal reruns"] += _digests(case, out) != wanted
        found["leftovers"] += len(_leftovers(out)) + len(list((out.parent / "tmp").glob("avse-*")))
        shutil.rmtree(out)
    return found


def _start(case: Case, inputs: Path, out: Path) -> "subprocess.Popen[str]":
    out.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, *case.command(inputs, out)], cwd=ROOT, env=_environment(out.parent),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip


def _finish(case: Case, inputs: Path, out: Path) -> str:
    """Run to the end; what it wrote to standard error."""
    process = _start(case, inputs, out)
    _, errors = process.communicate(timeout=LONGEST_S)
    if process.returncode:
        raise RuntimeError(f"{case.name} must end with 0 but ended with {process.returncode}:\n{errors}")
    return errors


def _environment(folder: Path) -> dict[str, str]:
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    threads = {"OMP_NUM_THREADS": "1"}
    return {**os.environ, **threads, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}


def _files(case: Case, out: Path) -> list[Path]:
    return sorted(path for pattern in case.finals for path in out.glob(pattern) if not path.name.startswith("."))


def _digests(case: Case, out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(case, out)}


def _is_half(path: Path, wanted: dict[str, str]) -> bool:
    """True for a file that is neither the finished one nor, as weights of an earlier step are, whole in itself."""
    if hashlib.sha256(path.read_bytes()).hexdigest() == wanted.get(path.name):
        return False
    if path.suffix != ".safetensors":
        return True
    from avse.errors import ConfigError
    from avse.media.tensors import read_tensors

    try:
        read_tensors(path)
    except ConfigError:
        return True
    return False


def _leftovers(out: Path) -> list[Path]:
    """Hidden files but for the commands' own lists."""
    return [path for path in out.rglob(".*") if not path.name.startswith(".avse-")]


def _kept(path: Path | None) -> dict[str, dict[str, Any]]:
    """Counts of a run that was stopped, by command."""
    kept: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {}
    return kept


def main(argv: list[str] | None = None) -> int:
    """Kill all commands and write the table; exit 1 if something was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="of each command (default 50)")
    parser.add_argument("--only", choices=[case.name for case in CASES], action="append", help="these commands alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="each command's counts; those that are there are not made again")
    parser.add_argument("--no-record", action="store_true", help="print the table and leave RESULTS.md as it is")
    arguments = parser.parse_args(argv)
    started = time.monotonic()
    rows = _kept(arguments.json)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        work = Path(name)
        make_inputs(work / "inputs", drives=not arguments.only or "train" in arguments.only)
        for case in CASES:
            if case.name in rows or (arguments.only and case.name not in arguments.only):
                continue
            rng = random.Random(f"{arguments.seed} {case.name}")
            found = torture(case, inputs=work / "inputs", work=work, kills=arguments.kills, rng=rng)
            rows[case.name] = {"commit": commit(), **{column: found[column] for column in COLUMNS}}
            print(case.name, rows[case.name], flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(rows), encoding="utf-8")
    lines = [["command", *COLUMNS, "commit"]]
    lines += [[case, *(str(row[column]) for column in COLUMNS), str(row["commit"])] for case, row in rows.items()]
    is_good = not any(row[column] for row in rows.values() for column in BAD)
    if not arguments.no_record:
        more = "".join(f" --only {name}" for name in arguments.only or [])
        write_section(
            "Commands killed at random moments", table(lines), wall_s=time.monotonic() - started,
            command=f"python -m benchmarks.torture.kills --kills {arguments.kills}{more}",
        )  # fmt: skip
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
