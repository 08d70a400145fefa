"""`avse-score` as people use it."""

import csv
import json
import re

import numpy as np
import pytest
from conftest import write_sound

from avse.cli.score import main

RATE = 16000


@pytest.fixture
def run(capsys):
    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, talk):
    """Three mixtures of one clip, at three ratios, and "enhanced" ones with half the noise."""
    root = tmp_path_factory.mktemp("corpus")
    clean = talk.voice.waveform
    noise = talk.noisy - clean
    write_sound(root / "clean/talk.wav", clean, RATE)
    lines = []
    for snr_db, gain in ((0, 1.8), (5, 1.0), (10, 0.56)):
        name = f"talk__rain__{snr_db}"
        write_sound(root / f"noisy/{name}.wav", clean + gain * noise, RATE)
        write_sound(root / f"enhanced/{name}.wav", clean + 0.5 * gain * noise, RATE)
        lines.append(
            {"id": name, "clip": "talk", "split": "test_seen", "noise_type": "rain", "noise": [], "snr_db": snr_db}
        )
    (root / "mixtures.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root


def _folders(corpus):
    return ("--reference", corpus / "clean", "--estimate", corpus / "enhanced", "--noisy", corpus / "noisy",
            "--manifest", corpus / "mixtures.jsonl", "--jobs", "1")  # fmt: skip


def test_two_files(run, media):
    code, out, _ = run("--reference", media / "clean.wav", "--estimate", media / "noisy.wav")
    assert code == 0
    heading, line = out.splitlines()
    assert re.split(r"\s{2,}", heading.strip()) == ["n", "PESQ-WB", "PESQ-NB", "STOI", "ESTOI", "SI-SDR, dB"]
    assert line.startswith("enhanced")
    assert float(line.split()[-1]) == pytest.approx(5.0, abs=0.2)


def test_folders_with_a_manifest_give_every_output(run, corpus, tmp_path):
    flags = {kind: tmp_path / f"report.{kind}" for kind in ("csv", "json", "markdown", "html")}
    code, out, _ = run(*_folders(corpus), *(part for kind, path in flags.items() for part in (f"--{kind}", path)))
    assert code == 0
    assert out.splitlines()[1].startswith("noisy")
    rows = list(csv.DictReader(flags["csv"].read_text().splitlines()))
    gains = [float(row["estimate_si_sdr_db"]) - float(row["noisy_si_sdr_db"]) for row in rows]
    assert gains == pytest.approx([6.02] * 3, abs=0.1)
    report = json.loads(flags["json"].read_text())
    assert {group.get("snr_db") for group in report["groups"]} == {None, "0", "5", "10"}
    assert "## By split and noise_type" in flags["markdown"].read_text()
    page = flags["html"].read_text()
    assert not re.search(r"(src|href)=[\"'](?!data:)", page)
    assert page.count("data:image/png;base64,") == page.count("data:audio/wav;base64,") == 9
    assert page.index("talk__rain__") < page.index("data:audio")


def test_json_on_standard_output_and_chosen_metrics(run, corpus):
    code, out, _ = run(*_folders(corpus), "--metrics", "stoi,si_sdr_db", "--json", "-")
    assert code == 0
    assert set(json.loads(out)["summary"]["estimate"]) == {"stoi", "si_sdr_db"}


def test_two_processes_give_the_scores_of_one(run, corpus):
    arguments = [*_folders(corpus)[:-2], "--metrics", "stoi", "--json", "-", "--jobs"]
    assert json.loads(run(*arguments, "1")[1]) == json.loads(run(*arguments, "2")[1])


def test_what_is_missing_broken_or_of_another_length_counts_as_failed(run, corpus, tmp_path, talk):
    for name, waveform in (("a", talk.noisy), ("b", talk.noisy[:20000]), ("c", 0 * talk.noisy)):
        write_sound(tmp_path / f"enhanced/{name}.wav", waveform, RATE)
        write_sound(tmp_path / f"clean/{name}.wav", talk.voice.waveform, RATE)
    write_sound(tmp_path / "clean/d.wav", talk.voice.waveform, RATE)
    write_sound(tmp_path / "enhanced/e.wav", talk.noisy, 8000)
    write_sound(tmp_path / "clean/e.wav", talk.voice.waveform, RATE)
    code, out, _ = run(
        "--reference", tmp_path / "clean", "--estimate", tmp_path / "enhanced", "--jobs", 1, "--json", "-"
    )
    assert code == 1
    files = {row["id"]: row for row in json.loads(out)["files"]}
    assert files["a"]["failed"] == []
    for name, words in (("b", "length differs"), ("c", "silent"), ("d", "must exist"), ("e", "sample rate is 8000")):
        assert set(files[name]["estimate"].values()) == {None}
        assert words in files[name]["failed"][0]
    assert json.loads(out)["summary"]["estimate"]["stoi"]["n_failed"] == 4


def test_existing_reports_are_kept_unless_forced(run, media, tmp_path):
    arguments = ("--reference", media / "clean.wav", "--estimate", media / "noisy.wav", "--csv", tmp_path / "s.csv")
    (tmp_path / "s.csv").write_text("mine")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "use --force" in err
    assert (tmp_path / "s.csv").read_text() == "mine"
    assert run(*arguments, "--force")[0] == 0
    assert (tmp_path / "s.csv").read_text().startswith("id,")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--metrics": "beauty"}, "metrics must be of"),
        ({"--jobs": "0"}, "--jobs must be at least 1"),
        ({"--reference": "missing.wav"}, "must exist but does not"),
        ({"--manifest": "missing.jsonl"}, "must be a file but is missing"),
    ],
)
def test_wrong_usage_is_told_in_one_line(run, media, change, words):
    arguments = {"--reference": media / "clean.wav", "--estimate": media / "noisy.wav", **change}
    code, out, err = run(*(part for pair in arguments.items() for part in pair))
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_file_against_a_folder_and_an_empty_folder(run, media, tmp_path):
    code, _, err = run("--reference", media / "clean.wav", "--estimate", media)
    assert code == 2
    assert "must be a folder, as --estimate is" in err
    code, _, err = run("--reference", media, "--estimate", tmp_path)
    assert code == 2
    assert "must hold sound files" in err


def test_unknown_noise_type_of_a_file_that_is_no_mixture(run, corpus, tmp_path):
    write_sound(tmp_path / "talk.wav", np.ones(RATE), RATE)
    code, out, _ = run("--reference", corpus / "clean", "--estimate", tmp_path, "--json", "-", "--jobs", "1")
    assert code == 1
    assert json.loads(out)["groups"] == []
