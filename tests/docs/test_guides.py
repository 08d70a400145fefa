"""The commands and the Python of the documentation run, on generated media, and print what the text shows."""

import importlib
import re
import shlex
import shutil
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["index.md", "scale.md", *sorted(f"guides/{path.name}" for path in (DOCS / "guides").glob("*.md"))]
BLOCK = re.compile(r"(<!-- not run: .+? -->\n)?```(console|python)\n(.*?)```", re.DOTALL)
NEEDS = {"guides/live.md": "onnx", "index.md": "pesq"}
"""Extras that a page's commands need."""


@pytest.fixture
def folder(media, two_people, tmp_path, monkeypatch):
    """A folder with the files that the guides speak of."""
    for name in ("clean.wav", "noisy.wav", "talk.mp4"):
        shutil.copy(media / name, tmp_path / name)
    shutil.copy(two_people, tmp_path / "two.mp4")
    for name, source in (("clean", "clean"), ("noisy", "noisy"), ("enhanced", "noisy")):
        (tmp_path / name).mkdir()
        shutil.copy(media / f"{source}.wav", tmp_path / name / "a.wav")
    (tmp_path / "calls").mkdir()
    for name in ("one.wav", "two.wav"):
        shutil.copy(media / "noisy.wav", tmp_path / "calls" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _enhanced(request, folder):
    """What the guide on scoring has enhanced before."""
    if "scoring" in request.node.name:
        shutil.copy(folder / "noisy.wav", folder / "enhanced.wav")


def _commands(block):
    """Each command of a block with the output that follows it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _run(command):
    """Run a command of this package within this process; its exit code."""
    program, *arguments = shlex.split(command)
    if program == "python":
        assert arguments.pop(0) == "-m"
        return importlib.import_module(arguments[0]).main(arguments[1:])
    return importlib.import_module(f"avse.cli.{program.removeprefix('avse-')}").main(arguments)


def _without_numbers(text):
    return [re.sub(r"[-+]?\d[\d.]*", "#", line).split() for line in text.strip().splitlines()]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_shows(page, folder, capsys):
    if page in NEEDS:
        pytest.importorskip(NEEDS[page])
    namespace, n_run = {}, 0
    for skipped, kind, block in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if skipped:
            continue
        n_run += 1
        if kind == "python":
            exec(compile(block, page, "exec"), namespace)
            continue
        for command, shown in _commands(block):
            capsys.readouterr()
            assert _run(command) == 0, (command, capsys.readouterr().err)
            printed = capsys.readouterr().out
            if shown:
                assert _without_numbers(printed) == _without_numbers(shown), command
    assert n_run


def test_what_is_not_run_says_why():
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        assert text.count("<!-- not run: ") == sum(bool(found[0]) for found in BLOCK.findall(text))


def test_the_tables_of_options_are_complete():
    """Every flag of a command that a guide mentions exists."""
    helps = {name: _help(name) for name in ("enhance", "score", "live", "faces", "export")}
    for page in PAGES:
        for _, kind, block in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
            for command, _ in _commands(block) if kind == "console" else ():
                name = command.split()[0].removeprefix("avse-")
                for flag in re.findall(r"--[a-z][a-z-]+", command) if name in helps else ():
                    assert flag in helps[name], command


def _help(name):
    return importlib.import_module(f"avse.cli.{name}")._parser().format_help()
