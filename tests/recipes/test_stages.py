"""The stages of a corpus as data: which programs they run, in what order, and with what in their environment."""

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from egs import run as runner
from egs.stages import command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stages(tmp_path, monkeypatch, capfd):
    """Runs the stages of a corpus with programs that only say their names; gives the exit code and what ran."""
    monkeypatch.setenv("AVSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TOY_DATA", str(tmp_path / "data"))
    for name in ("AVSE_VIDEOS", "AVSE_NOISE", "AVSE_SPEECH", "AVSE_PER_SPEAKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/av").mkdir(parents=True)
    (tmp_path / "data/av/test_mixtures.jsonl").write_text(json.dumps({"noise_type": "same_speaker"}))

    def call(corpus, *options, failing="", writes=None):
        ran = []

        def note(words, *, cwd, env, check):
            ran.append((words[1:], env))
            if writes in words and not (failing and failing in words):
                Path(writes).parent.mkdir(exist_ok=True)
                Path(writes).write_text("written")
            return subprocess.CompletedProcess(words, 3 if failing and failing in words else 0)

        monkeypatch.setattr(command.subprocess, "run", note)
        code = runner.main([corpus, "--exp", str(tmp_path / "exp"), *map(str, options)])
        return code, ran, capfd.readouterr().err

    return call


def scored(folder, *conditions):
    folder.mkdir(parents=True)
    for condition in conditions:
        (folder / f"scores_{condition}.jsonl").touch()


def pairs(words, option):
    return [value for name, value in pairwise(words) if name == option]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "egs").glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_corpus_has_one_line_that_runs_its_stages(path, capsys):
    name = "" if path.stem == "corpus" else f"/{path.stem}"
    with pytest.raises(SystemExit) as stopped:
        runner.main([f"{path.parent.name}{name}", "--help"])
    assert stopped.value.code == 0
    script = path.parent / f"{name[1:] or 'run'}.sh"
    assert f"usage: egs/{path.parent.name}/{script.name} " in capsys.readouterr().out
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines == ["#!/usr/bin/env bash", f'exec bash "$(dirname "$0")/../run.sh" {path.parent.name}{name} "$@"']


@pytest.mark.parametrize("model", ["avdcnn", "live"])
def test_a_configuration_of_any_name_reaches_the_last_stage(stages, tmp_path, model):
    for name in ("avdcnn", "live"):
        scored(tmp_path / "exp" / name, "own", "none")
    scored(tmp_path / "exp/my net", *(("own", "none", "covered", "quiet") if model == "live" else ("own", "none")))
    code, ran, _ = stages("grid", "--model", model, "--config", "conf/my net.yaml", "--stages", "train,results")
    assert code == 0
    (train, _), (words, _) = ran
    assert train[:4] == ["-m", f"recipes.{model}.train", "--config", "conf/my net.yaml"]
    exp = tmp_path / "exp"
    assert pairs(words, "--run") == [f"AVDCNN={exp}/avdcnn", f"live={exp}/live", f"my net={exp}/my net"]
    assert f"my net, audio-only={exp}/my net/scores_none.jsonl" in pairs(words, "--system")
    assert pairs(words, "--like") == [f"my net={'live' if model == 'live' else 'AVDCNN'}"]
    assert pairs(words, "--targets") == ["egs/grid/targets.yaml"]
    shown = [f"covered={exp}/my net/scores_covered.jsonl"] if model == "live" else []
    assert [value for value in pairs(words, "--condition") if value.startswith("covered")] == shown


def test_the_last_causal_model_is_shown_with_bad_and_long_videos(stages, tmp_path):
    for name in ("live", "steered"):
        scored(tmp_path / "exp" / name, "own", "none", "covered", "late", "quiet")
        (tmp_path / "exp" / name / "long_own.jsonl").touch()
    _, ran, _ = stages("grid", "--stages", "results")
    words, folder = ran[0][0], tmp_path / "exp/steered"
    assert pairs(words, "--long") == [f"steered={folder}"]
    assert pairs(words, "--quiet") == [
        f"noisy={folder.parent}/scores_quiet.jsonl",
        f"steered={folder}/scores_quiet.jsonl",
    ]
    assert [value.split("=")[0] for value in pairs(words, "--condition")] == ["own", "none", "late", "covered"]


def test_what_is_made_is_not_made_twice_and_a_failure_ends_the_stages(stages, tmp_path):
    code, ran, _ = stages("grid", "--stages", "check,prepare,crops")
    assert code == 0
    assert [words[:2] for words, _ in ran] == [
        ["egs/grid/prepare.py", "check"],
        ["egs/grid/prepare.py", "manifest"],
        ["-m", "recipes.speech_benchmark.quiet_mixtures"],
        ["-m", "recipes.speech_benchmark.find_mouths"],
    ]
    assert stages("grid", "--stages", "prepare", writes=str(tmp_path / "exp/manifest.jsonl"))[0] == 0
    code, ran, err = stages("grid", "--stop-stage", "2", failing="recipes.speech_benchmark.quiet_mixtures")
    assert code == 3
    assert [words[0] for words, _ in ran] == ["egs/grid/prepare.py", "-m"]
    assert err == "== check\n== prepare\n"


@pytest.mark.parametrize("change", ["nothing", "the data", "the list", "no note", "no file", "it failed"])
def test_a_file_of_other_inputs_is_made_again(stages, tmp_path, monkeypatch, change):
    quiet = tmp_path / "exp/quiet.jsonl"
    failing = "recipes.speech_benchmark.quiet_mixtures"
    made = {"writes": str(quiet), "failing": failing if change == "it failed" else ""}
    assert stages("grid", "--stages", "prepare", **made)[0] == (3 if change == "it failed" else 0)
    if change == "the data":
        (tmp_path / "data").rename(tmp_path / "other")
        monkeypatch.setenv("AVSE_DATA", str(tmp_path / "other"))
    elif change == "the list":
        (tmp_path / "data/av/test_mixtures.jsonl").write_text(json.dumps({"noise_type": "hum"}))
    elif change == "no note":
        for note in quiet.parent.glob(".quiet*"):
            note.unlink()
    elif change == "no file":
        quiet.unlink()
    ran = stages("grid", "--stages", "prepare")[1]
    assert (failing in [words[1] for words, _ in ran]) == (change != "nothing")


def test_an_experiment_continues_after_a_training_that_failed(stages, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").touch()
    (tmp_path / "exp/experiment/b").mkdir(parents=True)
    (tmp_path / "exp/experiment/b/model.safetensors").touch()
    options = ["--conf", tmp_path / "a.yaml", tmp_path / "b.yaml", "--stages", "train,enhance"]
    code, ran, err = stages("toy", *options, failing="recipes.train_missing")
    assert code == 0
    assert "the other systems continue" in err
    home = tmp_path / "exp/experiment"
    assert pairs(ran[1][0], "--model") == ["logmmse", "klt", str(home / "b/model.safetensors")]


def test_a_causal_model_is_tested_with_bad_quiet_and_long_videos(stages, tmp_path):
    exp, folder = tmp_path / "exp", tmp_path / "exp/live"
    (folder / "enhanced_quiet").mkdir(parents=True)
    code, ran, _ = stages("toy", "--model", "live", "--stages", "prepare,enhance,score")
    assert code == 0
    programs = [words[1].rpartition(".")[2] for words, _ in ran]
    bad = ["own", "none", "frozen", "late", "stranger", "covered", "rival"]
    assert programs == [
        "manifest", "quiet_mixtures", "talkers", "long_list", *["enhance"] * (len(bad) + 1),
        *["score_mixtures"] * (1 + len(bad) + 2), *["long_scores"] * 2,
    ]  # fmt: skip
    words = [words for words, _ in ran]
    assert [pairs(some, "--condition") for some in words[4:12]] == [*([name] for name in bad), []]
    assert pairs(words[11], "--mixtures") == [str(exp / "quiet.jsonl")]
    scored = [str(folder / f"scores_{name}.jsonl") for name in bad]
    assert [[word for word in some if "scores" in word] for some in words[13:20]] == [[name] for name in scored]
    assert pairs(words[-1], "--videos") == [str(exp / "long.jsonl")]
    assert pairs(words[-1], "--model") == [str(folder / "model.safetensors")]


def test_an_experiment_scores_and_compares_all_its_systems_and_the_noisy_input(stages, tmp_path):
    (tmp_path / "net.yaml").touch()
    home = tmp_path / "exp/experiment"
    (home / "net").mkdir(parents=True)
    (home / "net/model.safetensors").touch()
    code, ran, _ = stages("toy", "--conf", tmp_path / "net.yaml", "--stages", "enhance,score,results")
    assert code == 0
    enhance, cost, scores, hearing, results = (words for words, _ in ran)
    systems = [home / name for name in ("logmmse", "klt", "net")]
    models = ["logmmse", "klt", str(home / "net/model.safetensors")]
    assert pairs(enhance, "--model") == pairs(cost, "--model") == models
    assert pairs(enhance, "--folder") == [str(system / "enhanced") for system in systems]
    assert cost[2:5] == [str(system / "cost.json") for system in systems]
    for words, file in ((scores, "scores.jsonl"), (hearing, "hearing.jsonl")):
        assert words[2:6] == [str(system / file) for system in (*systems, home / "noisy")]
        assert pairs(words, "--enhanced") == [str(system / "enhanced") for system in systems]
    assert pairs(hearing, "--metrics") == ["haspi,hasqi"]
    assert pairs(results, "--exp") == [str(home)]
    assert pairs(results, "--html") == [str(home / "report.html")]


def test_own_folders_are_named_once_and_start_where_the_user_stands(stages, tmp_path):
    code, ran, _ = stages("folder", "--videos", "my videos", "--noise", "/noise", "--stages", "check")
    assert code == 0
    wanted = {"AVSE_VIDEOS": str(tmp_path / "my videos"), "AVSE_NOISE": "/noise", "AVSE_SPEECH": "",
              "AVSE_DATA": str(tmp_path / "exp/data")}  # fmt: skip
    assert wanted.items() <= ran[0][1].items()
    code, ran, _ = stages("folder", "--stages", "check,results")
    assert wanted.items() <= ran[0][1].items()
    assert ran[1][0][2] == str(tmp_path / "exp/RESULTS.md"), "beside the user's own data"


def test_grid_is_the_pack_until_somebody_names_videos(stages, tmp_path):
    assert stages("grid", "--stages", "check")[1][0][0] == ["egs/grid/prepare.py", "check"]
    words, environment = stages("grid", "--videos", "v", "--noise", "n", "--stages", "check")[1][0]
    assert words == ["egs/grid/distributed.py", "check"]
    assert environment["AVSE_DATA"] == str(tmp_path / "exp/data")


@pytest.mark.parametrize(
    ("corpus", "options", "words"),
    [
        ("nowhere", [], "must have a file egs/nowhere/corpus.toml"),
        ("toy", ["--exp"], "argument --exp: expected one argument; see --help"),
        ("toy", ["--conf", "none.yaml"], "configuration must be a file but none.yaml is none"),
        ("drivedb", ["--leaky", "yes"], "argument --leaky: invalid choice: 'yes'"),
        ("own_labels", [], "--videos must name the folder of labelled videos"),
    ],
)
def test_a_wrong_call_is_one_line(stages, corpus, options, words):
    code, ran, err = stages(corpus, *options)
    assert (code, ran) == (2, [])
    assert words in err
    assert err.count("\n") == 1
