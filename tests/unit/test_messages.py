"""The library says what is wrong without options of commands; the commands name the option that mends it."""

import ast
import re
from pathlib import Path

import pytest

from avse.cli.advice import OPTIONS, SUBJECTS, with_options

LIBRARY = Path(__file__).parents[2] / "avse"
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def _raised(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and node.exc is not None:
            for part in ast.walk(node.exc):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_no_error_of_the_library_names_an_option():
    found = [
        f"{path.relative_to(LIBRARY)}: {text}"
        for path in LIBRARY.rglob("*.py")
        if "cli" not in path.relative_to(LIBRARY).parts
        for text in _raised(path)
        if FLAG.search(text) and "pip install" not in text
    ]
    assert not found


@pytest.mark.parametrize("words", OPTIONS)
def test_every_advice_stands_in_the_library(words):
    assert words in " ".join(_texts())
    assert with_options(f"x; {words}") == f"x; {OPTIONS[words]}"


@pytest.mark.parametrize("words", SUBJECTS)
def test_what_a_message_is_about_is_named_as_its_option_in_its_first_words_alone(words):
    assert any(text.startswith(words) for text in _texts())
    assert with_options(f"{words} must be 1") == f"{SUBJECTS[words]} must be 1"
    assert with_options(f"input {words} 1.wav must exist") == f"input {words} 1.wav must exist"


def _texts():
    """All strings of the library."""
    for path in LIBRARY.rglob("*.py"):
        if "cli" not in path.parts:
            yield from _strings(path)


def _strings(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
