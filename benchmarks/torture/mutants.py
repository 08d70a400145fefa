"""Do the tests notice faults? `python -m benchmarks.torture.mutants [--n 10] [--only nn] [--by-hand]`.

A mutant is the code with one fault: a sign, a comparison, a number or a condition turned round at a place drawn at
random, or one of the list `faults.toml`. The tests of its package, or those that the list names, run against it; a
mutant that they all pass survives. The score is the share of the mutants that were killed. Before that the tests must
pass without any fault, for what fails anyway would kill every mutant.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.torture.record import table, write_section

ROOT = Path(__file__).parents[2]
TESTS = {
    "signal": ["tests/unit/signal", "tests/trust/test_closed_forms.py"],
    "nn": ["tests/unit/nn", "tests/unit/models", "tests/trust/test_closed_forms.py"],
    "enhance": ["tests/unit/enhance", "tests/trust/test_closed_forms.py"],
    "metrics": ["tests/unit/metrics"],
}
"""Tests that should notice a fault in a package."""
LONGEST_S = 1200
"""A mutant whose tests take longer is killed by the clock."""
COPIED = ("avse", "benchmarks", "recipes", "egs", "tests", "pyproject.toml")
BY_HAND = Path(__file__).with_name("faults.toml")


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    path: str
    """Of the file, from the root."""
    before: str
    """Text that stands in it once."""
    after: str
    tests: list[str]
    name: str


SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def by_hand() -> list[Mutant]:
    """Faults of the list."""
    return [Mutant(**row) for row in tomllib.loads(BY_HAND.read_text(encoding="utf-8"))["fault"]]


def at_random(package: str, *, n: int, rng: random.Random) -> list[Mutant]:
    """Draw faults from a package's files, each place with equal chance."""
    places = []
    for path in sorted((ROOT / "avse" / package).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        places += [(path, source, number) for number in range(len(_spots(ast.parse(source))))]
    mutants = []
    for path, source, number in rng.sample(places, min(n, len(places))):
        tree = ast.parse(source)
        line = _turn(_spots(tree)[number])
        name = f"{path.relative_to(ROOT)}:{line}"
        mutants.append(Mutant(str(path.relative_to(ROOT)), source, ast.unparse(tree), TESTS[package], name))
    return mutants


def _spots(tree: ast.AST) -> list[ast.AST]:
    """Operators, comparisons and numbers outside of annotations."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if (
            (isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS)
            or (isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS)
            or (isinstance(node, ast.Constant) and type(node.value) in (int, float))
        ):
            found.append(node)
    return found


def _turn(node: ast.AST) -> int:
    """Change one spot; its line."""
    if isinstance(node, ast.Compare):
        node.ops[0] = SWAPS[type(node.ops[0])]()  # type: ignore[call-overload]
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
    elif isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)
        node.value = node.value + 1
    return int(node.lineno)  # type: ignore[attr-defined]


def survives(mutant: Mutant, *, copy: Path) -> bool:
    """Put a fault into a copy of the repository, run the tests there, and take it out again."""
    path = copy / mutant.path
    source = path.read_text(encoding="utf-8")
    path.write_text(faulty(mutant, source), encoding="utf-8")
    try:
        return passes(mutant.tests, copy=copy)
    finally:
        path.write_text(source, encoding="utf-8")


def faulty(mutant: Mutant, source: str) -> str:
    """A file's text with the fault.

    Raises:
        ValueError: the text that the fault replaces does not stand in it once.
    """
    if source.count(mutant.before) != 1:
        raise ValueError(f"{mutant.name}: {mutant.path} must hold {mutant.before!r} once but does not; update the list")
    return source.replace(mutant.before, mutant.after)


def passes(tests: Sequence[str], *, copy: Path) -> bool:
    """Run tests in a copy of the repository."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow"]
    try:
        done = subprocess.run(
            [*command, *tests], cwd=copy, env=environment, check=False, capture_output=True, timeout=LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _check_without_faults(groups: Mapping[str, Sequence[Mutant]], *, copy: Path) -> str | None:
    """Tests that fail without any fault, None if all pass."""
    wanted = {tuple(mutant.tests) for mutants in groups.values() for mutant in mutants}
    return next((" ".join(tests) for tests in sorted(wanted) if not passes(tests, copy=copy)), None)


def main(argv: list[str] | None = None) -> int:
    """Try all mutants and write the table; exit 1 if one of the list by hand survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10, help="drawn from each package (default 10)")
    parser.add_argument("--only", choices=sorted(TESTS), action="append", help="these packages alone")
    parser.add_argument("--by-hand", action="store_true", help="the list by hand alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-record", action="store_true", help="print the table and leave RESULTS.md as it is")
    arguments = parser.parse_args(argv)
    started = time.monotonic()
    groups = {"by hand": by_hand()}
    if not arguments.by_hand:
        for package in arguments.only or sorted(TESTS):
            groups[package] = at_random(package, n=arguments.n, rng=random.Random(f"{arguments.seed} {package}"))
    lines, all_survivors = [["mutants", "n", "killed", "score"]], []
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        copy = Path(name)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("exp", "__pycache__"))
            else:
                shutil.copy(source, copy / part)
        if failing := _check_without_faults(groups, copy=copy):
            print(f"mutants: tests must pass without a fault but fail: {failing}", file=sys.stderr)
            return 2
        for group, mutants in groups.items():
            survivors = [mutant.name for mutant in mutants if survives(mutant, copy=copy)]
            killed = len(mutants) - len(survivors)
            lines.append([group, str(len(mutants)), str(killed), f"{killed / max(1, len(mutants)):.2f}"])
            all_survivors += [f"{group}: {survivor}" for survivor in survivors]
            print(" ".join(lines[-1]), *survivors, flush=True)
    body = table(lines) + "".join(f"\n\nSurvived: {survivor}" for survivor in all_survivors)
    if not arguments.no_record:
        write_section("Mutants of the code", body, wall_s=time.monotonic() - started,
                      command=f"python -m benchmarks.torture.mutants{_words(arguments)}")  # fmt: skip
    return 1 if any(survivor.startswith("by hand") for survivor in all_survivors) else 0


def _words(arguments: argparse.Namespace) -> str:
    """Options of the command, as it was called."""
    if arguments.by_hand:
        return " --by-hand"
    only = "".join(f" --only {name}" for name in arguments.only or [])
    return f" --n {arguments.n}{only} --seed {arguments.seed}"


if __name__ == "__main__":
    sys.exit(main())
