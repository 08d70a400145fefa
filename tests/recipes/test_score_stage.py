"""The stage that scores mixtures: what is missing or broken costs its own line alone, and a killed run continues."""

import json
import os

import numpy as np
import pytest
from audio_files import write_audio

from recipes.speech_benchmark import score_mixtures as stage
from recipes.speech_benchmark.score_mixtures import METRICS, main

RATE = 16000
NAMES = ("clip__hiss__-5dB", "clip__hiss__+5dB", "clip__hum__-5dB", "clip__hum__+5dB")
FAST = "si_sdr_db,sdi"


def audio(seed=0, n_samples=RATE):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal(n_samples) * (1 + np.sin(np.arange(n_samples) / 800))


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A clip in two noises at two SNRs, and half of the noise left in enhanced/."""
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    write_audio(tmp_path / "clip.wav", audio(), RATE, subtype="FLOAT")
    write_audio(tmp_path / "hiss.wav", audio(4), RATE, subtype="FLOAT")
    write_audio(tmp_path / "hum.wav", audio(5), RATE, subtype="FLOAT")
    lines = []
    for name in NAMES:
        _, kind, snr = name.split("__")
        lines.append({"id": name, "clip": "clip", "split": "test_seen", "noise_type": kind,
                      "noise": [{"path": f"{kind}.wav", "offset_s": 0.0}], "snr_db": float(snr[:-2])})  # fmt: skip
    (tmp_path / "mixtures.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    item = {"id": "clip", "split": "test_seen", "audio": "clip.wav", "licence": "none", "speaker": "s1"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(item) + "\n")
    (tmp_path / "enhanced").mkdir()
    for number, name in enumerate(NAMES):
        write_enhanced(tmp_path, name, audio() + 0.3 * audio(number + 20))
    return tmp_path


def write_enhanced(pack, name, waveform, rate=RATE):
    path = pack / f"enhanced/{name}.wav"
    path.unlink(missing_ok=True)
    write_audio(path, waveform, rate, subtype="FLOAT")


def run(pack, *options, metrics=FAST, enhanced=True, jobs=1, output="scores.jsonl"):
    given = ["--mixtures", pack / "mixtures.jsonl", "--manifest", pack / "manifest.jsonl", "--workers", jobs]
    given += ["--enhanced", pack / "enhanced"] if enhanced else []
    given += ["--metrics", metrics] if metrics else []
    return main([*map(str, [*given, *options, pack / output])])


def rows(pack, output="scores.jsonl"):
    return [json.loads(line) for line in (pack / output).read_text().splitlines()]


def test_lines_hold_every_metric_in_the_order_of_the_list(pack):
    assert run(pack, metrics=None) == 0
    assert [row["id"] for row in rows(pack)] == list(NAMES)
    assert all(set(row) == {"schema", "id", *METRICS, "made_from"} for row in rows(pack))
    assert rows(pack)[0]["si_sdr_db"] == pytest.approx(20 * np.log10(1 / 0.3), abs=0.3)
    assert not list(pack.glob("*.part"))


def test_without_enhanced_files_the_noisy_input_is_scored_and_processes_agree(pack):
    assert run(pack, enhanced=False) == 0
    assert [row["si_sdr_db"] for row in rows(pack)] == pytest.approx([-5, 5, -5, 5], abs=0.3)
    assert run(pack, enhanced=False, jobs=2, output="again.jsonl") == 0
    assert rows(pack, "again.jsonl") == rows(pack)


def test_several_systems_at_once_get_the_same_lines_as_alone(pack, monkeypatch):
    assert run(pack, enhanced=False, output="noisy.jsonl") == 0
    assert run(pack) == 0
    scored = counted(monkeypatch)
    outputs = [pack / "scores.jsonl", pack / "more.jsonl"]
    assert run(pack, "--enhanced", pack / "enhanced", *outputs, output="raw.jsonl") == 0
    assert scored == [*NAMES, *NAMES]  # the one that was there is up to date
    assert rows(pack, "more.jsonl") == rows(pack)
    assert rows(pack, "raw.jsonl") == rows(pack, "noisy.jsonl")
    assert all(row["made_from"] for row in rows(pack))


def test_each_broken_file_is_a_failed_line_with_its_reason(pack, capsys):
    (pack / f"enhanced/{NAMES[0]}.wav").unlink()
    write_enhanced(pack, NAMES[1], audio(n_samples=RATE // 2))
    (pack / f"enhanced/{NAMES[2]}.wav").write_text("no audio")
    assert run(pack) == 0
    missing, short, text, good = rows(pack)
    assert (missing["sdi"], short["sdi"], text["sdi"]) == (None, None, None)
    assert missing["failed"] == dict.fromkeys(FAST.split(","), "it was not enhanced: its file is missing")
    assert short["failed"]["sdi"] == "length differs from the reference's by 0.50 s"
    assert "must be media" in text["failed"]["sdi"]
    assert good["sdi"] > 0
    assert "failed" not in good
    printed = capsys.readouterr().err
    assert "4 mixtures scored, 3 of them not in full" in printed
    assert f"failed: 1 mixtures, {NAMES[0]} the first: it was not enhanced" in printed


def test_another_rate_and_a_noise_that_is_missing_are_failed_lines(pack):
    write_enhanced(pack, NAMES[0], audio(n_samples=8000), rate=8000)
    (pack / "hum.wav").unlink()
    assert run(pack) == 0
    assert rows(pack)[0]["failed"]["sdi"].startswith("sample rate is 8000 Hz but the reference's 16000 Hz")
    assert rows(pack)[1]["sdi"] > 0
    assert "hum.wav" in rows(pack)[2]["failed"]["sdi"]


def test_a_silent_file_is_a_failed_line(pack):
    write_enhanced(pack, NAMES[0], 0 * audio())
    assert run(pack) == 0
    assert rows(pack)[0]["failed"] == {"si_sdr_db": "estimate is silent", "sdi": "estimate is silent"}


def test_a_clipped_file_is_scored_and_noted(pack, capsys):
    write_enhanced(pack, NAMES[1], np.clip(20 * audio(), -1, 1))
    assert run(pack) == 0
    assert rows(pack)[1]["sdi"] > 0
    assert rows(pack)[1]["note"].endswith("samples are clipped at full scale")
    assert [("note" in row) for row in rows(pack)] == [False, True, False, False]
    assert f"note: 1 mixtures, {NAMES[1]} the first" in capsys.readouterr().err


def test_an_extra_that_is_missing_leaves_a_reason(pack, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pesq", None)
    assert run(pack, metrics="pesq_wb,sdi") == 0
    assert "pip install 'avse[score]'" in rows(pack)[0]["failed"]["pesq_wb"]
    assert rows(pack)[0]["sdi"] > 0


def test_some_of_the_list(pack, capsys):
    assert run(pack, "--only", "hum") == 0
    assert [row["id"] for row in rows(pack)] == list(NAMES[2:])
    assert run(pack, "--every", "3") == 0
    assert [row["id"] for row in rows(pack)] == [NAMES[0], NAMES[3]]
    assert "warning" not in capsys.readouterr().err
    assert run(pack, "--every", "2") == 0
    assert "score: warning: --every 2 skips snr_db 5.0" in capsys.readouterr().err


def counted(monkeypatch, *, most=99):
    """The ids that are scored from here on; after `most` of them the run is stopped."""
    scored, real = [], stage.score_one

    def score_one(mixture, **named):
        if len(scored) == most:
            raise KeyboardInterrupt
        scored.append(mixture.id)
        return real(mixture, **named)

    monkeypatch.setattr(stage, "score_one", score_one)
    return scored


def run_until(most, pack, monkeypatch):
    with monkeypatch.context() as patch:
        counted(patch, most=most)
        with pytest.raises(KeyboardInterrupt):
            run(pack)


def test_a_killed_run_resumes_where_it_was(pack, monkeypatch):
    assert run(pack, output="whole.jsonl") == 0
    run_until(2, pack, monkeypatch)
    part = pack / "scores.jsonl.part"
    assert not (pack / "scores.jsonl").exists()
    part.write_text(part.read_text() + '{"id": "cut o')
    scored = counted(monkeypatch)
    assert run(pack) == 0
    assert scored == list(NAMES[2:])
    assert rows(pack) == rows(pack, "whole.jsonl")
    assert not part.exists()


def change(pack, what):
    """Change something that scores depend on, with a time in the past; the names of the mixtures concerned."""
    stage._reader.cache_clear()  # each run is a process
    if what == "enhanced file":
        write_enhanced(pack, NAMES[0], audio() + 0.1 * audio(9))
        old(pack / f"enhanced/{NAMES[0]}.wav")
        return NAMES[:1]
    if what == "noise":
        (pack / "hum.wav").unlink()
        write_audio(pack / "hum.wav", audio(6), RATE, subtype="FLOAT")
        old(pack / "hum.wav")
        return NAMES[2:]
    if what == "clip":
        (pack / "clip.wav").unlink()
        write_audio(pack / "clip.wav", audio(7), RATE, subtype="FLOAT")
        old(pack / "clip.wav")
        return NAMES
    lines = (pack / "mixtures.jsonl").read_text().splitlines()
    lines[1] = lines[1].replace('"offset_s": 0.0', '"offset_s": 0.2')
    (pack / "mixtures.jsonl").write_text("\n".join(lines) + "\n")
    return NAMES[1:2]


CHANGES = ["enhanced file", "noise", "clip", "mixture"]


def old(path):
    """As if it had been copied from elsewhere, and were older than all scores."""
    os.utime(path, ns=(10**18, 10**18))


@pytest.mark.parametrize("what", [*CHANGES, "metrics"])
def test_what_a_killed_run_left_of_something_else_is_thrown_away(pack, monkeypatch, what):
    run_until(3, pack, monkeypatch)
    changed = NAMES if what == "metrics" else change(pack, what)
    scored = counted(monkeypatch)
    assert run(pack, metrics="sdi" if what == "metrics" else FAST) == 0
    assert scored == [name for name in NAMES if name in changed or name == NAMES[3]]


@pytest.mark.parametrize("what", CHANGES)
def test_a_row_is_kept_until_something_changes_that_it_depends_on(pack, monkeypatch, capsys, what):
    assert run(pack) == 0
    before = {row["id"]: row["si_sdr_db"] for row in rows(pack)}
    scored = counted(monkeypatch)
    assert run(pack) == 0
    assert scored == []
    assert "is up to date" in capsys.readouterr().err
    changed = change(pack, what)
    assert run(pack) == 0
    assert scored == list(changed)
    after = {row["id"]: row["si_sdr_db"] for row in rows(pack)}
    if what in ("enhanced file", "clip"):  # what is enhanced depends on the noise, which a score does not look at
        assert {name for name in NAMES if after[name] != before[name]} == set(changed)


def test_other_metrics_and_rows_without_a_key_are_scored_again(pack, monkeypatch):
    assert run(pack) == 0
    scored = counted(monkeypatch)
    assert run(pack, metrics="sdi") == 0
    assert scored == list(NAMES)
    lines = [{name: value for name, value in row.items() if name != "made_from"} for row in rows(pack)]
    (pack / "scores.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run(pack, metrics="sdi") == 0
    assert scored == [*NAMES] * 2


def test_what_failed_is_tried_again_alone(pack, monkeypatch):
    (pack / "hum.wav").rename(pack / "away.wav")
    assert run(pack) == 0
    (pack / "away.wav").rename(pack / "hum.wav")
    scored = counted(monkeypatch)
    assert run(pack) == 0
    assert scored == list(NAMES[2:])
    assert all("failed" not in row for row in rows(pack))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--metrics", "stoi,sdr"], "one is 'sdr'"),
        (["--every", "0"], "--every must be at least 1 but is 0"),
        (["--only", "rain"], "--only rain leaves none"),
        (["--enhanced", "nowhere"], "nowhere must hold enhanced files but holds none"),
        (["--manifest", "nowhere.jsonl"], "nowhere.jsonl must be a file"),
        (["more.jsonl", "again.jsonl"], "but are 3 for 1; give each output its folder"),
    ],
)
def test_wrong_usage_ends_in_1_with_one_line(pack, capsys, options, message):
    assert run(pack, *options, enhanced="--enhanced" not in options) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("score: error: ")
    assert message in printed
    assert printed.count("\n") == 1
