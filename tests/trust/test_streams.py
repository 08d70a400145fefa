"""Standard streams that are closed or full, names that terminals and tables must not obey, --quiet and --verbose."""

import csv
import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from audio_files import ROOT

from avse.cli import enhance, score
from avse.cli.command import visible
from avse.errors import MediaError
from avse.media.output import atomic_write, check_output
from avse.report.csv_cells import inert


@pytest.fixture
def shell(media, live_graph, tmp_path):
    """Run a line of shell in which `$ENHANCE` enhances a file; exit code and standard error."""

    def run(line):
        arguments = f"'{media / 'noisy.wav'}' -o '{tmp_path / 'out.wav'}' --audio-only --model '{live_graph}' --force"
        words = f"{sys.executable} -m avse.cli.enhance {arguments}"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "ENHANCE": words}
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, env=environment, check=False
        )
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize("line", ["eval $ENHANCE >&-", "eval $ENHANCE 2>&-", "eval $ENHANCE <&- >&- 2>&-"])
def test_closed_streams_do_not_harm_the_output(shell, tmp_path, line):
    assert shell("eval $ENHANCE")[0] == 0
    whole = (tmp_path / "out.wav").read_bytes()
    (tmp_path / "out.wav").unlink()
    code, err = shell(line)
    assert "Traceback" not in err
    assert code in (0, 1)
    assert (tmp_path / "out.wav").read_bytes() == whole


@pytest.mark.parametrize(
    "line", ["eval $ENHANCE > /dev/full", "eval $ENHANCE | true", "eval $ENHANCE --json > /dev/full"]
)
def test_full_or_broken_output_ends_quietly(shell, line):
    code, err = shell(line)
    assert not any(word in err for word in ("Traceback", "Exception", "error"))
    assert code in (0, 1)


def test_a_full_disk_is_one_line_and_leaves_nothing(shell, media, tmp_path):
    # A limit on the size of files stands for the disk; crops of the mouth lie in TMPDIR and fill it first.
    enhance = f"{sys.executable} -m avse.cli.enhance '{media / 'talk.mp4'}' -o '{tmp_path / 'out.mp4'}'"
    for line in ("ulimit -f 30; eval $ENHANCE", f"ulimit -f 30; {enhance}"):
        code, err = shell(line)
        assert code == 1
        errors = [line for line in err.splitlines() if "warning" not in line]
        assert len(errors) == 1
        assert errors[0].startswith("avse-enhance: error: ")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_full_standard_error_does_not_end_the_work(shell, tmp_path):
    assert shell("eval $ENHANCE 2> /dev/full")[0] == 0
    assert (tmp_path / "out.wav").is_file()


def test_quiet_and_verbose(media, live_graph, tmp_path, capsys):
    def run(*more):
        arguments = [media / "noisy.wav", "-o", tmp_path / "o.wav", "--model", live_graph, "--force", *more]
        code = enhance.main([str(argument) for argument in arguments])
        return code, capsys.readouterr()

    code, plain = run()
    assert code == 0
    assert plain.err.startswith("avse-enhance: warning: noisy.wav: ")
    assert len(plain.err.splitlines()) == 1
    assert run("--quiet")[1].err == ""
    (tmp_path / "bad.wav").write_text("no audio")
    bad = [str(tmp_path / "bad.wav"), "-o", str(tmp_path / "new.wav"), "--model", str(live_graph), "--quiet"]
    assert enhance.main(bad) == 1
    assert capsys.readouterr().err.startswith("avse-enhance: error: ")
    assert logging.getLogger("avse").level == logging.NOTSET
    assert logging.getLogger("avse").handlers == []


def test_verbose_tells_the_traceback_of_a_fault(media, tmp_path, capsys, monkeypatch, live_graph):
    from avse.enhance import file as module

    def fails(*_, **__):
        raise RuntimeError("a decoder fails")

    monkeypatch.setattr(module, "enhance_file", fails)
    arguments = [str(media / "noisy.wav"), "-o", str(tmp_path / "o.wav"), "--model", str(live_graph)]
    assert enhance.main(arguments) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert enhance.main([*arguments, "--verbose"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["enhance", "score", "faces", "live", "embed", "export", "sync", "demo", "serve", "models", "completion"],
)
def test_every_command_has_both_flags(name):
    import importlib

    parser = importlib.import_module(f"avse.cli.{name}")._parser()
    shown = parser.format_help()
    if name == "embed":
        shown = "".join(p.format_help() for a in parser._actions if a.dest == "command" for p in a.choices.values())
    assert "--quiet" in shown
    assert "--verbose" in shown


def test_the_library_prints_nothing(media, live_graph, capfd, tmp_path):
    from avse import Enhancer, Job, enhance_file, score_waveforms
    from avse.media.audio import read_audio

    enhance_file(Enhancer.load(str(live_graph)), Job(media / "talk.mp4", tmp_path / "out.mp4"))
    clean, rate = read_audio(media / "clean.wav")
    score_waveforms(reference=clean[0], estimate=clean[0], sample_rate=rate)
    assert capfd.readouterr() == ("", "")


def test_names_are_shown_on_one_line_without_control():
    assert visible("a\nb\x1b[31mc\udcff ä 音") == "a\\nb\\x1b[31mc\\udcff ä 音"


# Tables


@pytest.mark.parametrize("cell", ["=1+1", "+1+1|cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_cells_that_a_spreadsheet_would_run_are_neutralised(cell):
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=b", "-5", "+3.5", "-5e-3", "name"])
def test_other_cells_stay(cell):
    assert inert(cell) == cell


def test_a_file_named_like_a_formula_is_text_in_the_table(media, tmp_path, capsys):
    name = "=cmd|' C'!A0"
    for folder in ("clean", "enhanced"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.wav").write_bytes((media / "clean.wav").read_bytes())
    arguments = ["--reference", tmp_path / "clean", "--estimate", tmp_path / "enhanced", "--metrics", "stoi"]
    assert score.main([*map(str, arguments), "--csv", str(tmp_path / "s.csv")]) == 0
    rows = list(csv.DictReader((tmp_path / "s.csv").read_text().splitlines()))
    assert rows[0]["id"] == f"'{name}"
    capsys.readouterr()
    assert score.main([*map(str, arguments), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["id"] == name


# Files that are written


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("old")
    path.chmod(0o600)
    with atomic_write(path, force=True) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_file_has_the_permissions_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "new.txt") as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640


def test_a_file_that_came_into_being_meanwhile_is_not_replaced(tmp_path):
    path = tmp_path / "a.txt"

    def write():
        with atomic_write(path) as temporary:
            temporary.write_text("new")
            path.write_text("somebody else's")

    with pytest.raises(MediaError, match="must not exist but does"):
        write()
    assert path.read_text() == "somebody else's"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_names_that_are_too_long_are_reported(tmp_path):
    with pytest.raises(MediaError, match="choose a shorter name"):
        check_output(tmp_path / ("x" * 300 + ".wav"))
    longest = tmp_path / ("ä" * 125 + ".wav")
    with atomic_write(longest) as temporary:
        temporary.write_text("all")
    assert longest.read_text() == "all"


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices here")
def test_devices_are_never_replaced():
    with pytest.raises(MediaError, match="regular file"):
        check_output(Path("/dev/null"), force=True)
