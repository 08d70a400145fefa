"""A second run on a folder: what is done is skipped, and what was made from something else is done again."""

import json

import numpy as np
import pytest
import soundfile
from audio_files import write_audio
from folder_calls import RECORD, calls, names, run  # noqa: F401

from avse.cli import score
from avse.media.made import Made, State


def test_a_second_run_skips_what_is_done_and_does_the_rest(calls, run, tmp_path):
    out = tmp_path / "out"
    assert run(calls, "-o", out, "--audio-only")[0] == 0
    before = {name: (out / name).stat().st_mtime_ns for name in names(out)}
    (calls / "d.wav").write_bytes((calls / "a.wav").read_bytes())
    code, shown, err = run(calls, "-o", out, "--audio-only", "--quiet")
    assert (code, err) == (0, "")
    assert "d.wav: 2.6 s enhanced" in shown
    assert "2 of 3 files skipped" in shown
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    rows = json.loads(run(calls, "-o", out, "--audio-only", "--json")[1])
    assert [row.get("skipped") for row in rows] == [True, True, True]


@pytest.mark.parametrize("change", ["input", "options", "model", "output", "no record", "--no-resume"])
def test_nothing_is_skipped_that_was_made_from_something_else(calls, run, tmp_path, live_graph, change):
    out = tmp_path / "out"
    assert run(calls, "-o", out, "--audio-only")[0] == 0
    options, model = ["--audio-only"], live_graph
    if change == "input":
        (calls / "a.wav").unlink()
        write_audio(calls / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(16000), 16000)
    elif change == "options":
        options += ["--mix", "0.5"]
    elif change == "model":
        model = tmp_path / "other.onnx"
        for suffix in (".onnx", ".mouth.onnx"):
            content = live_graph.with_suffix(suffix).read_bytes()
            model.with_suffix(suffix).write_bytes(content.replace(b"pytorch", b"PyTorch"))
    elif change == "output":
        (out / "a.wav").write_bytes(b"mine")
    elif change == "no record":
        (out / RECORD).unlink()
    else:
        options += ["--no-resume"]
    content = (out / "a.wav").read_bytes()
    code, _, err = run(calls, "-o", out, *options, model=model)
    assert code == 1
    assert "a.wav must not exist but does; use --force" in err
    assert (out / "a.wav").read_bytes() == content
    assert run(calls, "-o", out, *options, "--force", model=model)[0] == 0
    assert soundfile.info(out / "a.wav").frames > 0


def test_a_single_file_is_not_skipped_unless_asked(calls, run, tmp_path):
    arguments = (calls / "a.wav", "-o", tmp_path / "a.wav", "--audio-only")
    assert run(*arguments)[0] == 0
    assert run(*arguments)[0] == 1
    assert run(*arguments, "--force", "--resume")[0] == 0
    assert run(*arguments, "--resume")[0] == 0


def test_the_list_knows_what_a_kill_left(tmp_path):
    out = tmp_path / "a.wav"
    made = Made(tmp_path, name=".list")
    made.begin("key", [out])
    assert Made(tmp_path, name=".list").state("key", [out]) is State.BEGUN
    out.write_text("all of it")  # by a rename, and then the kill
    assert Made(tmp_path, name=".list").state("key", [out]) is State.DONE
    assert Made(tmp_path, name=".list").state("other", [out]) is State.NEW
    made.finish("key", [out])
    assert Made(tmp_path, name=".list").state("key", [out]) is State.DONE
    with (tmp_path / ".list").open("a") as file:
        file.write('{"outputs": ["a.wav"], "key": "ot')
    assert Made(tmp_path, name=".list").state("key", [out]) is State.DONE
    out.write_text("somebody else's")
    assert Made(tmp_path, name=".list").state("key", [out]) is State.NEW


def test_what_was_there_before_is_never_taken_for_a_begun_jobs_own(tmp_path):
    (tmp_path / "a.wav").write_text("mine")
    made = Made(tmp_path, name=".list")
    made.begin("key", [tmp_path / "a.wav"])
    assert made.state("key", [tmp_path / "a.wav"]) is State.NEW


def test_scoring_a_folder_again_reuses_scores_and_replaces_its_own_outputs(calls, tmp_path, monkeypatch, capsys):
    from avse import score as scoring

    scored = []
    real = scoring.score_pair
    monkeypatch.setattr(scoring, "score_pair", lambda pair, **k: scored.append(pair.id) or real(pair, **k))
    outputs = ["--csv", str(tmp_path / "s.csv"), "--json", str(tmp_path / "s.json")]

    def run(*more):
        scored.clear()
        arguments = ["--reference", calls, "--estimate", calls, "--workers", "1", "--metrics", "stoi", *outputs, *more]
        code = score.main([str(argument) for argument in arguments])
        capsys.readouterr()
        return code, list(scored)

    assert run() == (0, ["a", "c"])
    first = (tmp_path / "s.json").read_text()
    assert run() == (0, [])
    assert (tmp_path / "s.json").read_text() == first
    (calls / "d.wav").write_bytes((calls / "a.wav").read_bytes())
    assert run() == (0, ["d"])
    assert "\nd," in (tmp_path / "s.csv").read_text()
    assert run("--force") == (0, ["a", "c", "d"])
    assert run("--metrics", "estoi") == (2, [])
    (tmp_path / "s.csv").write_text("mine")
    assert run() == (2, [])
    assert (tmp_path / "s.csv").read_text() == "mine"
