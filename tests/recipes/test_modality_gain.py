"""What each modality adds to a forest, on drives in which that is known."""

from dataclasses import replace

import numpy as np
import pytest

from avse.drives.drive import Drive, Segment, Signal, save_drive
from avse.errors import ConfigError
from avse.models import zoo
from avse.models.driver_stress import DriverStress
from recipes.driver_predictions import load_predictions
from recipes.driver_stress import network_gain
from recipes.driver_stress.infer import probabilities, windows_for
from recipes.driver_stress.modality_gain import ALL, compare, main
from recipes.driver_stress.network_gain import NetworkGainConfig

STRETCH_S, LEVELS = 60, (0, 1, 2, 0, 1, 2)


def _drive(driver):
    """`calm` tells rest from the others, `tense` the highest level from the others, `nothing` nothing."""
    rng = np.random.default_rng(driver)
    levels = np.repeat(LEVELS, STRETCH_S)
    shown = {"calm": levels == 0, "tense": levels == 2, "nothing": np.zeros(len(levels))}
    signals = {
        name: Signal(
            (4.0 * values + rng.standard_normal(len(levels)))[None].astype(np.float32),
            np.ones((1, len(levels)), bool),
            1.0,
            (name,),
        )
        for name, values in shown.items()
    }
    segments = tuple(Segment(float(i * STRETCH_S), float((i + 1) * STRETCH_S), k) for i, k in enumerate(LEVELS))
    return Drive(f"drive{driver}", f"{driver}", "CC0-1.0", signals, segments)


@pytest.fixture(scope="module")
def drives():
    return [_drive(number) for number in range(4)]


def test_a_modality_that_tells_something_of_its_own_adds_and_one_that_tells_nothing_does_not(drives):
    comparison = compare(drives, window_s=20, context_s=20, n_folds=2, seed=1)
    mean = {name: np.mean(list(comparison.values(name, "balanced_accuracy").values())) for name in comparison.systems}
    assert set(mean) == {ALL, *(f"{m} alone" for m in drives[0].signals), *(f"without {m}" for m in drives[0].signals)}
    assert mean[ALL] > 0.95
    assert mean["without nothing"] == pytest.approx(mean[ALL], abs=0.05)
    # Without one of them two levels of three look alike: a third is right, and half of the two others by chance.
    for name in ("without calm", "without tense", "calm alone", "tense alone"):
        assert 0.55 < mean[name] < 0.8, name
    assert mean["nothing alone"] < 0.5
    assert len(comparison.lead(ALL, "without calm")) == 4


def test_the_table_holds_it_and_a_folder_without_drives_is_one_line(drives, tmp_path, capsys):
    for drive in drives[:2]:
        save_drive(tmp_path / "drives" / f"{drive.id}.safetensors", drive)
    arguments = ["--n-folds", "0", "--window-s", "20", "--context-s", "20", "--command", "c"]
    output = tmp_path / "GAIN.md"
    assert main([str(output), "--drives", str(tmp_path / "drives"), *arguments]) == 0
    text = output.read_text(encoding="utf-8")
    for row in ("| all above without calm | +", "| all above without nothing | ", "| nothing alone | "):
        assert row in text
    (tmp_path / "none").mkdir()
    assert main([str(output), "--drives", str(tmp_path / "none"), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert output.read_text(encoding="utf-8") == text


def test_networks_read_the_modalities_that_the_table_names(drives, tmp_path):
    for drive in drives:
        more = {**drive.signals, "deaf": replace(drive.signals["nothing"], channels=("deaf",))}
        save_drive(tmp_path / "drives" / f"{drive.id}.safetensors", replace(drive, signals=more))
    config = NetworkGainConfig(
        tmp_path / "run", tmp_path / "drives", tmp_path / "NET.md", modalities=("calm", "tense"),
        instead={"calm": "deaf"}, n_folds=2, window_s=20, n_sequences=16, n_epochs=1, command="c",
    )  # fmt: skip
    network_gain.main(config)
    wanted = {
        ALL: ["calm", "tense"],
        "without calm": ["tense"],
        "without tense": ["calm"],
        "deaf in place of calm": ["deaf", "tense"],
    }
    text = config.output.read_text(encoding="utf-8")
    for title, names in wanted.items():
        model = zoo.load_as(DriverStress, tmp_path / "run/runs" / title.replace(" ", "_") / "01/model.safetensors")
        assert list(model.config.modalities) == names
        assert f"| {title} | 0." in text
        assert title == ALL or f"| all above {title} | " in text
    # What a fold says is what its network says of the drivers that it was not trained on, in order.
    (tested, *_), number = load_predictions(tmp_path / "run/predictions/00.safetensors"), 0
    model = zoo.load_as(DriverStress, tmp_path / f"run/runs/without_tense/{number:02d}/model.safetensors")
    assert tested.driver == "0"
    predicted = probabilities(model, windows_for(model, drives[0]))
    np.testing.assert_allclose(tested.systems["without tense"], predicted, atol=1e-6)
    written = (tmp_path / "run/predictions/00.safetensors").stat().st_mtime_ns
    network_gain.main(config)
    assert (tmp_path / "run/predictions/00.safetensors").stat().st_mtime_ns == written


def test_sets_that_cannot_be_compared_are_one_line(drives, tmp_path):
    config = NetworkGainConfig(tmp_path, tmp_path, tmp_path / "NET.md", instead={"gone": "calm"})
    with pytest.raises(ConfigError, match="instead must name modalities of calm, tense, nothing but has 'gone'"):
        network_gain.sets_of(config, drives)
    with pytest.raises(ConfigError, match="modalities must be two or more but there is calm alone"):
        network_gain.sets_of(replace(config, modalities=("calm",)), drives)
