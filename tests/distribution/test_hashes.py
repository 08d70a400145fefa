"""`constraints-hashed.txt`: the core install's versions, those that the tests pass with, each with hashes."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.-]+)==([\w.]+)((?:.*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)


def _name(text):
    """Normalised as package indexes do it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", text).group()).lower()


def test_versions_are_those_of_the_tests_and_each_has_hashes():
    text = (ROOT / "constraints-hashed.txt").read_text(encoding="utf-8")
    hashed = {_name(name): version for name, version, _ in PIN.findall(text)}
    assert len(hashed) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)), "each has hashes"
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = {_name(line): line.partition("==")[2] for line in lines if "==" in line}
    assert {name: tested.get(name, version) for name, version in hashed.items()} == hashed, "run make hashes"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {_name(dependency) for dependency in project["dependencies"]} <= hashed.keys(), "run make hashes"
