"""Programs of an experiment by themselves: what happens when some of it fails, and what enhancing costs."""

import pytest
from inside import run_program

from recipes.speech_benchmark import cost, enhance
from recipes.speech_benchmark.cost import cost_of


def test_a_training_that_fails_is_named_and_the_others_continue(tmp_path):
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text("loop:\n  n_epoch: 3\n")
    good.write_text("loop:\n  seed: 1\n")
    (tmp_path / "exp/good").mkdir(parents=True)
    (tmp_path / "exp/good/model.safetensors").touch()
    places = ["--exp", tmp_path / "exp", "--manifest", tmp_path / "m", "--crops", tmp_path / "c", "--workers", 1]
    done = run_program("recipes.train_missing", bad, good, *places)
    assert done.returncode == 1
    assert "bad.yaml must train to its end but stopped with 2" in done.stderr
    assert "did you mean n_epochs?" in done.stderr
    assert "good.yaml must" not in done.stderr
    done = run_program("recipes.train_missing", tmp_path / "none.yaml", *places)
    assert done.returncode == 2
    assert "none.yaml must be a file" in done.stderr


def test_multiply_adds_are_those_of_the_layers(weights):
    # Per frame: the convolutions (one column of maps, or 16 rows of lips), then the fully connected layers without the
    # lip frames' head, which nobody asks for when enhancing.
    audio = 246 * 12 * 2 * 10 + 119 * 5 * 10 * 4
    video = 16 * (10 * 2 * 15 * 3 * 12 + 4 * 3 * 7 * 12 * 10 + 2 * 3 * 3 * 10 * 6)
    connected = 2804 * 1000 + 1000 * 800 + 800 * 600 + 600 * 257
    found = cost_of(str(weights))
    # Windows at the ends need a few columns more.
    assert found["multiply_adds_per_s"] == pytest.approx(50 * (audio + video + connected), rel=0.02)
    assert found["parameters"] == 7_176_131
    assert found["threads"] == 1


def test_the_cost_of_what_is_no_model_is_refused(tmp_path, capsys):
    assert cost.main([str(tmp_path / "cost.json"), "--model", str(tmp_path / "none.safetensors")]) == 1
    assert "must be a file" in capsys.readouterr().err
    assert not (tmp_path / "cost.json").exists()


def test_models_without_a_place_for_what_they_give_are_refused(tmp_path, capsys):
    models = ["--model", "klt", "--model", "logmmse"]
    lists = [f"--{name}={tmp_path / name}" for name in ("mixtures", "manifest", "crops")]
    for main, arguments in ((cost.main, [str(tmp_path / "cost.json")]),
                            (enhance.main, ["--folder", str(tmp_path / "enhanced"), *lists])):  # fmt: skip
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, *models])
        assert stopped.value.code == 2
        assert "must be as many as models but are 1 for 2" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
