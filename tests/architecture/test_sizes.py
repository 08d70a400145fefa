"""Short files and short functions: what grows beyond this holds more than one thing."""

import ast
import subprocess
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
CODE = ("avse", "recipes", "egs")
MOST_LINES = 300
MOST_MEDIAN_FILE, MOST_MEDIAN_FUNCTION = 120, 10


def _files(*folders):
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {name: (ROOT / name).read_text(encoding="utf-8") for name in listed.splitlines() if name.endswith(".py")}
    return {name: text for name, text in found.items() if text.strip()}


def _functions(text):
    return [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_longer_than_300_lines():
    long = {
        name: n for name, text in _files(*CODE, "benchmarks", "tests").items() if (n := _n_lines(text)) > MOST_LINES
    }
    assert not long


def test_the_median_file_is_short():
    lengths = [_n_lines(text) for name, text in _files(*CODE).items() if not name.endswith("__init__.py")]
    assert len(lengths) > 400
    assert median(lengths) <= MOST_MEDIAN_FILE


def test_the_median_function_is_short():
    lengths = [f.end_lineno - f.lineno + 1 for text in _files(*CODE).values() for f in _functions(text)]
    assert len(lengths) > 2000
    assert median(lengths) <= MOST_MEDIAN_FUNCTION


def _n_lines(text):
    return len(text.splitlines())
