"""What people expect of any good command: versions, pipes, advice, presets, summaries."""

import argparse
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from audio_files import ROOT, write_audio

from avse._version import __version__
from avse.cli import enhance, main, models, score
from avse.cli.completion import parser_of
from avse.cli.main import COMMANDS
from avse.media.audio import read_audio
from avse.models.pretrained import card_of, names


@pytest.fixture
def run(capsys):
    """Run a command: exit code, standard output, standard error."""

    def run(command, *arguments):
        try:
            code = command.main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_every_command_tells_its_version_and_its_exit_codes(run):
    for name in COMMANDS:
        code, out, _ = run(main, name, "--version")
        assert (code, out.split()[-1]) == (0, __version__)
        code, out, _ = run(main, name, "--help")
        assert code == 0
        assert "2 wrong usage" in out
    assert run(main, "--version")[1] == f"avse {__version__}\n"


def test_one_entry_runs_every_command(run, media, tmp_path):
    code, out, _ = run(main, "enhance", media / "noisy.wav", "-o", tmp_path / "out.wav")
    assert code == 0
    assert out.startswith(str(tmp_path / "out.wav"))
    code, _, err = run(main, "enhanc")
    assert code == 2
    assert "did you mean enhance?" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.wav", "--spekaer", "left"], "did you mean --speaker?"),
        (["a.wav", "--model", "lve"], "did you mean live?"),
        (["a.wav", "--preset", "vidoe"], "did you mean video?"),
    ],
)
def test_what_is_mistyped_is_predicted(run, media, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes((media / "noisy.wav").read_bytes())
    code, out, err = run(enhance, *arguments)
    assert code == 2
    assert words in err
    assert out == ""


def test_a_name_that_begins_with_a_dash_goes_after_two_dashes(run, media, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-old.wav").write_bytes((media / "noisy.wav").read_bytes())
    code, _, err = run(enhance, "-old.wav")
    assert code == 2
    assert "write -- -old.wav last, or ./-old.wav" in err
    assert run(enhance, "-o", "out.wav", "--", "-old.wav")[0] == 0
    assert (tmp_path / "out.wav").is_file()


def test_a_wav_goes_through_standard_input_and_output(media, tmp_path):
    noisy = (media / "noisy.wav").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "avse.cli.enhance", "-", "-o", "-"],
        input=noisy,
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    piped, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    assert enhance.main([str(media / "noisy.wav"), "-o", str(tmp_path / "out.wav")]) == 0
    expected, expected_rate = read_audio(tmp_path / "out.wav")
    assert rate == expected_rate
    np.testing.assert_array_equal(piped, expected[0])
    assert b"enhanced" in done.stderr
    empty = subprocess.run(
        [sys.executable, "-m", "avse.cli.enhance", "-"], input=b"", capture_output=True, check=False, cwd=ROOT
    )
    assert (empty.returncode, empty.stdout) == (2, b"")
    assert b"standard input must hold audio but is empty" in empty.stderr


def test_one_video_with_its_output_piped_is_the_file_that_would_be_written(media, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "avse.cli.enhance", media / "talk.mp4", "-o", "-"],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert len(soundfile.read(io.BytesIO(done.stdout))[0]) == len(read_audio(media / "talk.mp4")[0][0])


def test_a_dry_run_names_the_outputs_and_writes_none(run, media, tmp_path):
    code, out, err = run(enhance, media / "talk.mp4", media / "noisy.wav", tmp_path / "no.wav", "-o", tmp_path / "out",
                         "--dry-run")  # fmt: skip
    assert code == 1
    assert f"{tmp_path / 'out/talk.mp4'}: would be enhanced from {media / 'talk.mp4'}, video of" in out
    assert f"from {media / 'noisy.wav'}, audio-only" in out
    assert "no.wav must exist but does not" in err
    assert not (tmp_path / "out").exists()
    assert run(enhance, media / "noisy.wav", "--dry-run", "--model", "lve")[0] == 2


def test_a_batch_ends_with_a_summary(run, media, tmp_path):
    code, out, _ = run(enhance, media / "noisy.wav", tmp_path / "no.wav", "-o", tmp_path / "out", "--audio-only")
    assert code == 1
    assert re.search(r"^1 enhanced, 0 skipped, 1 failed: 2\.6 s of audio in \d+\.\d s$", out, re.MULTILINE)


def test_no_progress_is_drawn_into_a_file(media, tmp_path, monkeypatch):
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stderr", log)
        assert enhance.main([str(media / "talk.mp4"), "-o", str(tmp_path / "out.mp4")]) == 0
    assert "%" not in (tmp_path / "log").read_text()


def test_each_preset_changes_the_result_and_options_win_over_it(run, media, tmp_path):
    def output(name, *arguments):
        code, out, _ = run(enhance, media / "talk.mp4", "-o", tmp_path / f"{name}.wav", "--json", *arguments)
        assert code == 0
        written = [Path(row["output"]) for row in json.loads(out)]
        return written, read_audio(written[0])[0]

    plain, plain_waveform = output("plain")
    for name in ("call", "video"):
        assert not np.array_equal(output(name, "--preset", name)[1], plain_waveform), name
    limits = ("--atten-lim-db", "0", "--offset-ms", "0", "--speaker", "auto")
    assert np.array_equal(output("won", "--preset", "call", *limits)[1], output("typed", *limits)[1])
    assert plain == [tmp_path / "plain.wav"]
    # An output for each person is named after the person.
    each, _ = output("each", "--preset", "interview")
    assert each
    assert tmp_path / "each.wav" not in each


def test_models_are_listed_with_card_licence_and_checksum(run):
    code, out, _ = run(models)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == names()
    assert "cc-by-sa-4.0" in next(line for line in out.splitlines() if line.startswith("live"))
    assert run(models, "live")[1] == card_of("live").read_text(encoding="utf-8")
    sums = run(models, "live", "--checksums")[1]
    subprocess.run(["sha256sum", "--check", "--status"], input=sums, text=True, check=True)
    assert json.loads(run(models, "--json")[1])[0]["name"] == names()[0]
    code, _, err = run(models, "liev")
    assert code == 2
    assert "did you mean live?" in err


def test_shells_complete_every_option(run):
    pytest.importorskip("shtab")
    code, out, _ = run(main, "completion", "bash")
    assert code == 0
    for name in COMMANDS:
        (options,) = re.findall(rf"^_shtab_avse_{name}_option_strings=\((.*)\)$", out, re.MULTILINE)
        shown = [action for action in parser_of(name)._actions if action.help != argparse.SUPPRESS]
        known = {option for action in shown for option in action.option_strings}
        assert known <= set(options.split()), name
    subprocess.run(["bash", "-n"], input=out, text=True, check=True)
    assert "--speaker" in run(main, "completion", "zsh", "--of", "enhance")[1]


@pytest.fixture
def late(media, tmp_path):
    """The clean waveform, and the noisy one 50 ms late."""
    (noisy,), rate = read_audio(media / "noisy.wav")
    n_late = round(0.05 * rate)
    write_audio(tmp_path / "late.wav", np.concatenate([np.zeros(n_late, np.float32), noisy])[: len(noisy)], rate)
    return SimpleNamespace(clean=media / "clean.wav", noisy=media / "noisy.wav", late=tmp_path / "late.wav", rate=rate)


def test_a_delay_is_noticed_and_removed_when_asked_for(run, late, tmp_path):
    def scored(estimate, *arguments):
        code, out, err = run(score, "--reference", late.clean, "--estimate", estimate, "--metrics", "si_sdr_db,stoi",
                             "--json", "-", *arguments)  # fmt: skip
        assert code == 0
        (row,) = json.loads(out)["files"]
        return row, err

    in_time, err = scored(late.noisy)
    assert "--align" not in err
    row, err = scored(late.late)
    assert "estimate: 50 ms late against the reference" in str(row)
    assert "--align removes the delay" in err
    aligned, err = scored(late.late, "--align")
    assert "which was removed" in str(aligned)
    assert "--align" not in err
    gap = abs(aligned["estimate"]["si_sdr_db"] - in_time["estimate"]["si_sdr_db"])
    assert gap < 0.2
    assert aligned["estimate"]["si_sdr_db"] > row["estimate"]["si_sdr_db"] + 10


def test_another_rate_says_how_to_convert(run, late, tmp_path):
    write_audio(tmp_path / "low.wav", read_audio(late.noisy)[0][0][::2], late.rate // 2)
    code, out, _ = run(score, "--reference", late.clean, "--estimate", tmp_path / "low.wav")
    assert code == 1
    assert "convert it: ffmpeg -i IN -ar 16000 OUT.wav" in out


def test_the_table_says_which_pesq(run, late):
    _, out, _ = run(score, "--reference", late.clean, "--estimate", late.noisy, "--metrics", "pesq_wb,pesq_nb")
    assert out.splitlines()[2] == "PESQ-WB: P.862.2 without Corrigendum 2; PESQ-NB: P.862 with P.862.1"
    _, out, _ = run(score, "--reference", late.clean, "--estimate", late.noisy, "--metrics", "stoi")
    assert "P.862" not in out
