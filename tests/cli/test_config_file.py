"""Options in a file: below what is typed, above a preset, and no key that is not an option."""

import json

import pytest

from avse.cli import enhance, score
from avse.cli.config_file import add_config, with_config
from avse.cli.enhance import _parser as enhance_parser
from avse.cli.parser import CommandParser


def _options(path, *typed):
    return enhance_parser().parse_args(with_config(enhance_parser(), ["a.wav", "--config", str(path), *typed]))


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "my.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_s_options_are_those_that_would_be_typed(written):
    path = written(
        'speaker = "left"\natten_lim_db = 6\noffset-ms = -20.5\nforce = true\nresume = false\njson = false\n'
    )
    options = _options(path)
    assert (options.speaker, options.atten_lim_db, options.offset_ms) == ("left", 6.0, "-20.5")
    assert (options.force, options.resume, options.json) == (True, False, False)


def test_what_is_typed_wins_and_a_later_file_wins(written, tmp_path):
    path = written('speaker = "left"\nresume = false\n')
    assert _options(path, "--speaker", "right", "--resume").speaker == "right"
    assert _options(path, "--speaker", "right", "--resume").resume is True
    later = tmp_path / "later.toml"
    later.write_text('speaker = "top"\n', encoding="utf-8")
    assert _options(path, f"--config={later}").speaker == "top"


def test_a_preset_in_the_file_is_a_preset_and_the_file_wins_over_it(written, media, tmp_path, capsys):
    def loudest(*arguments):
        out = tmp_path / f"{len(arguments)}.wav"
        assert enhance.main([str(media / "noisy.wav"), "-o", str(out), "--json", *map(str, arguments)]) == 0
        capsys.readouterr()
        return out.read_bytes()

    preset = loudest("--preset", "call", "--atten-lim-db", "3")
    assert loudest("--config", written('preset = "call"\natten-lim-db = 3\n')) == preset
    assert loudest("--config", written('preset = "call"\n'), "--force") != preset


def test_a_required_option_may_stand_in_the_file(written, media, capsys):
    clean, noisy = (json.dumps(str(media / f"{name}.wav")) for name in ("clean", "noisy"))
    path = written(f'reference = {clean}\nestimate = {noisy}\nmetrics = "si_sdr_db"\n')
    assert score.main(["--config", str(path), "--json", "-"]) == 0
    assert list(json.loads(capsys.readouterr().out)["files"][0]["estimate"]) == ["si_sdr_db"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('spekaer = "left"', "must hold options of avse-enhance but holds 'spekaer'; did you mean speaker?"),
        ("version = true", "but holds 'version'"),
        ('config = "b.toml"', "but holds 'config'"),
        ("force = 1", "force in {path} must be true or false but is 1"),
        ('force = "yes"', "must be true or false"),
        ("mix = true", "mix in {path} must be a number or a text in quotes but is True"),
        ("speaker = [1]", "must be a number or a text in quotes"),
        ('mix = "loud"', "invalid float value: 'loud'"),
        ('preset = "vidoe"', "did you mean video?"),
        ("speaker", "must be TOML but is not"),
    ],
)
def test_what_is_no_option_is_wrong_usage(written, capsys, text, words):
    path = written(text)
    with pytest.raises(SystemExit) as error:
        enhance.main(["a.wav", "--config", str(path)])
    assert error.value.code == 2
    assert words.format(path=path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--config", "no.toml"], "no.toml is not (No such file or directory)"),
        (["--config"], "expected one argument"),
        (["--conf", "my.toml"], "--config must be written in full"),
    ],
)
def test_a_file_that_is_not_there_is_wrong_usage(tmp_path, monkeypatch, capsys, typed, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        enhance.main(["a.wav", *typed])
    assert error.value.code == 2
    assert words in capsys.readouterr().err


def test_after_two_dashes_it_is_a_name():
    parser = CommandParser(prog="p")
    add_config(parser)
    parser.add_argument("names", nargs="*")
    assert with_config(parser, ["--", "--config", "x"]) == ["--", "--config", "x"]
