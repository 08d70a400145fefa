"""Driver stress from simulated drives to the table of results; splits that leak nothing; every bad input answered."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inside import run_program, run_stages

from avse.drives.drive import Segment, load_drive, load_drives, save_drive
from avse.drives.simulate import DrivingConfig, simulate_drive
from avse.errors import ConfigError, InputError
from egs.simulated_drive.prepare import with_heart
from recipes.driver_predictions import load_predictions
from recipes.driver_stress import predict, stress_results, train
from recipes.driver_stress.config import TrainConfig
from recipes.driver_stress.data import SequenceDataset
from recipes.driver_stress.features import window_features
from recipes.driver_stress.protocol import driver_folds, leaky_folds
from recipes.driver_stress.windows import UNKNOWN, WindowedDrive, calibrated, statistics, with_modalities

ROOT = Path(__file__).parents[2]
TINY = DrivingConfig(difficulty=0, n_stretches=4, shortest_s=60, longest_s=80)


@pytest.fixture(scope="module")
def drives():
    return [simulate_drive(seed=1, driver=driver, config=TINY) for driver in range(4)]


@pytest.fixture(scope="module")
def folder(drives, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drives")
    for drive in drives:
        save_drive(folder / f"{drive.id}.safetensors", drive)
    return folder


@pytest.fixture(scope="module")
def toy(folder, tmp_path_factory):
    """All stages of the recipe on a few drivers."""
    exp = tmp_path_factory.mktemp("stress")
    shutil.copytree(folder, exp / "drives")
    _run(exp)
    return exp


def _run(exp, *options):
    done = run_stages(
        "simulated_drive", "--exp", exp, "--results", exp / "RESULTS.md", "--config",
        ROOT / "egs/toy/conf/driver_stress.yaml", "--workers", "1", "--leaky", "true", *options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_every_system_is_in_the_results(toy):
    text = (toy / "RESULTS.md").read_text()
    systems = (
        "majority",
        "SVM",
        "random forest",
        "ecg",
        "vehicle",
        "context",
        "hard vote",
        "stacking",
        "CNN-LSTM",
        "CNN-LSTM committee",
    )
    others = (
        "balanced accuracy, 95 % interval",
        "| 20 |",
        "relative to their rest",
        "CNN-LSTM, ecg removed",
        "| without ecg |",
    )
    for words in (*(f"| {name} |" for name in systems), *others, "Leaky split: windows of one drive"):
        assert words in text, words
    for name in ("confusion", "drivers", "trace", "roc", "reliability", "robustness"):
        assert (toy / "figures" / f"{name}.png").stat().st_size > 2000
        assert f"](figures/{name}.png)" in text


def test_easy_drivers_are_distinguished_and_nobody_is_tested_who_trained(toy):
    trained_with = []
    hits: dict[str, list[np.ndarray]] = {"CNN-LSTM": [], "random forest": []}
    for path in sorted((toy / "evaluation/predictions/driver/10").glob("*.safetensors")):
        tested = load_predictions(path)
        trained_with.append({one.driver for one in tested})
        for one in tested:
            known = one.levels >= 0
            for name, of_system in hits.items():
                of_system.append(one.systems[name][known].argmax(axis=1) == one.levels[known])
            std = one.conditions["CNN-LSTM|ecg|removed|1.0"]
            assert not np.allclose(std, one.systems["CNN-LSTM"])
            np.testing.assert_allclose(std.sum(axis=1), 1, atol=1e-5)
    assert trained_with == [{"00", "02"}, {"01", "03"}]
    accuracy = {name: np.concatenate(of_system).mean() for name, of_system in hits.items()}
    assert accuracy["random forest"] > 0.7
    assert accuracy["CNN-LSTM"] > 0.45, "no better than the commonest level, with 24 steps of training"


def test_a_second_run_trains_nothing(toy):
    before = {path: path.stat().st_mtime for path in (toy / "evaluation").rglob("*.safetensors")}
    done = _run(toy, "--stages", "prepare,evaluate")
    assert "0 of " in done.stderr
    assert "leaky split" in done.stderr
    assert {path: path.stat().st_mtime for path in (toy / "evaluation").rglob("*.safetensors")} == before


def test_a_drive_in_and_its_stress_out(toy, tmp_path):
    model = toy / "evaluation/runs/driver/10/00/all/model.safetensors"
    arguments = [str(model), str(toy / "drives/driver_00.safetensors"), "-o", str(tmp_path / "a trace.csv")]
    assert predict.main([*arguments, "--plot", str(tmp_path / "ü.png")]) == 0
    rows = list(csv.DictReader((tmp_path / "a trace.csv").read_text().splitlines()))
    drive = load_drive(toy / "drives/driver_00.safetensors")
    assert len(rows) == int(drive.duration_s) // 10
    assert (rows[1]["start_s"], rows[1]["end_s"]) == ("10", "20")
    stored = load_predictions(toy / "evaluation/predictions/driver/10/00.safetensors")[0]
    levels = ("low", "medium", "high")
    given = np.array([[float(row[f"p_{level}"]) for level in levels] for row in rows])
    np.testing.assert_allclose(given, stored.systems["CNN-LSTM"], atol=1e-3)
    assert [row["level"] for row in rows] == [levels[i] for i in given.argmax(axis=1)]
    assert (tmp_path / "ü.png").stat().st_size > 2000
    assert predict.main(arguments) == 1
    assert predict.main([*arguments, "--force"]) == 0


def test_predict_refuses_what_it_cannot_use(toy, drives, tmp_path, capsys):
    model = str(toy / "evaluation/runs/driver/10/00/all/model.safetensors")
    few = replace(drives[0], signals={"ecg": drives[0].signals["ecg"]})
    save_drive(tmp_path / "few.safetensors", few)
    output = ["-o", str(tmp_path / "o.csv")]
    assert predict.main([model, str(tmp_path / "few.safetensors"), *output]) == 2
    assert "but one is 'vehicle'" in capsys.readouterr().err
    assert predict.main([model, str(tmp_path / "none.safetensors"), *output]) == 2
    assert predict.main([model, str(toy / "drives/driver_00.safetensors"), *output, "--plot", "x.txt"]) == 2
    assert "must end in .png" in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()


def test_results_need_predictions(tmp_path, capsys):
    assert stress_results.main([str(tmp_path / "R.md"), "--folder", str(tmp_path), "--command", "x"]) == 2
    assert "evaluate first" in capsys.readouterr().err
    assert not (tmp_path / "R.md").exists()


def test_windows_hold_one_level_or_none(drives):
    windowed = WindowedDrive(drives[0], window_s=10)
    windows = windowed.all()
    for number, level in enumerate(windows.levels):
        inside = [s for s in drives[0].segments if s.start_s <= 10 * number and s.end_s >= 10 * number + 10]
        assert level == (inside[0].level if inside else UNKNOWN)
    np.testing.assert_array_equal(windows.values["ecg"][3], drives[0].signals["ecg"].values[:, 1920:2560])
    shifted = windowed.cut(7, 2)
    np.testing.assert_array_equal(shifted.values["vehicle"][1], drives[0].signals["vehicle"].values[:, 170:270])


def test_a_drive_shorter_than_a_window_is_refused(drives):
    with pytest.raises(InputError, match="must be at least as long as a window of 900 s"):
        WindowedDrive(drives[0], window_s=900)


def test_drives_must_agree_and_modalities_exist(drives):
    with pytest.raises(ConfigError, match="but one is 'gsr'"):
        with_modalities(drives, ["gsr"])
    signal = drives[1].signals["ecg"]
    other = replace(drives[1], signals={**drives[1].signals, "ecg": replace(signal, channels=("ecg_uv",))})
    with pytest.raises(ConfigError, match="must have the channels of driver_00 but has others"):
        with_modalities([drives[0], other], [])


def test_two_drives_of_one_driver_stay_together(drives):
    both = [*drives, replace(drives[0], id="again")]
    for fold in driver_folds(both):
        assert not {d.driver for d in fold.train} & {d.driver for d in fold.test}
    assert sorted(d.id for d in driver_folds(both)[0].test) == ["again", "driver_00"]
    with pytest.raises(ConfigError, match="must be 2 to 4, the number of drivers, but are 9"):
        driver_folds(both, n_folds=9)


def test_leaky_folds_test_each_window_once_and_train_on_none_of_them(drives):
    folds = leaky_folds(drives, n_folds=3, window_s=10, seed=0)
    tested = np.stack([fold.test_seconds[0] for fold in folds]).astype(int)
    n_seconds = WindowedDrive(drives[0], window_s=10).n_windows * 10
    np.testing.assert_array_equal(tested[:, :n_seconds].sum(axis=0), 1)
    for fold in folds:
        assert (fold.train_levels[0][fold.test_seconds[0]] == UNKNOWN).all()
        assert (fold.train_levels[0] != UNKNOWN).any()


def test_normalisation_knows_the_training_drivers_alone(drives):
    (mean, std) = statistics(drives[:2])["vehicle"]
    values = np.concatenate([d.signals["vehicle"].values for d in drives[:2]], axis=1)
    np.testing.assert_allclose(mean, values.mean(axis=1), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(std, values.std(axis=1), rtol=1e-3)
    assert not np.allclose(mean, statistics(drives)["vehicle"][0], rtol=1e-3)


def test_calibration_takes_the_rest_away_and_does_not_test_it(drives):
    relative = calibrated(drives[0], seconds=30)
    ecg = relative.signals["ecg"].values
    np.testing.assert_allclose(ecg[:, : 30 * 64].mean(), 0, atol=1e-5)
    np.testing.assert_allclose(np.diff(ecg), np.diff(drives[0].signals["ecg"].values), atol=1e-5)
    assert relative.segments[0].start_s == 30
    assert (WindowedDrive(relative, window_s=10).all().levels[:3] == UNKNOWN).all()
    gone = replace(drives[0], segments=(Segment(0, 20, 0), Segment(20, 90, 1)))
    assert calibrated(gone, seconds=30).segments == (Segment(30, 90, 1),)


def test_sequences_depend_on_seed_epoch_and_number_alone(drives, tmp_path):
    dataset = SequenceDataset(drives, config=TrainConfig(folder=tmp_path, drives=tmp_path, window_s=10, context_s=60))
    first, again, other = dataset[1, 2], dataset[1, 2], dataset[1, 3]
    for name, values in first.values.items():
        assert np.array_equal(again.values[name], values)
        assert not np.array_equal(other.values[name], values)
        assert len(values) == 6
    masks = [all(not mask.any() for mask in dataset[0, i].masks.values()) for i in range(60)]
    assert not any(masks)
    gone = [sum(not mask.any() for mask in dataset[0, i].masks.values()) for i in range(60)]
    assert 0.05 < np.mean(gone) / 3 < 0.3


def test_features_of_the_past_are_means(drives):
    features = window_features(
        replace(drives[0], signals={"context": drives[0].signals["context"]}), window_s=10, context_s=30
    )
    now, past = np.split(features, 2, axis=1)
    np.testing.assert_allclose(past[5], now[3:6].mean(axis=0))
    np.testing.assert_allclose(past[1], now[:2].mean(axis=0))
    heart = window_features(replace(drives[0], signals={"ecg": drives[0].signals["ecg"]}), window_s=30, context_s=30)
    assert 40 < 60_000 / np.nanmedian(heart[:, 0]) < 140


def test_the_heart_that_is_found_in_the_ecg_is_the_one_that_was_simulated(drives):
    raw = drives[0]
    drive = with_heart(raw)
    assert list(drive.signals) == ["heart", "ecg", "vehicle", "context"]
    heart = drive.signals["heart"]
    assert heart.channels == ("heart_rate_bpm", "rmssd_30s_ms")
    assert heart.mask.mean() > 0.9
    # Counted by another rule than the search for beats: upward crossings of half of the largest R wave, a minute.
    ecg = raw.signals["ecg"].values[0]
    high = ecg > 0.5 * np.percentile(ecg, 99.5)
    n_beats = int((high[1:] & ~high[:-1]).sum())
    rate_bpm = float(heart.values[0][heart.mask[0]].mean())
    assert rate_bpm == pytest.approx(60 * n_beats / raw.signals["ecg"].duration_s, rel=0.08)
    assert raw.signals.keys() == {"ecg", "vehicle", "context"}


def test_training_skips_whom_it_is_given(folder, tmp_path):
    config = TrainConfig(folder=tmp_path, drives=folder, leave_out=("01",))
    assert {drive.driver for drive in train.chosen_drives(config)} == {"00", "02", "03"}
    with pytest.raises(ConfigError, match="must name drivers of 00, 01, 02, 03 but has '7'"):
        train.chosen_drives(replace(config, leave_out=("7",)))
    with pytest.raises(ConfigError, match="skip fewer"):
        train.chosen_drives(replace(config, leave_out=("00", "01", "02", "03")))


def test_the_preparation_simulates_what_is_asked(tmp_path):
    command = ["egs/simulated_drive/prepare.py", tmp_path / "d", "--workers", "1"]
    done = run_program(*command, "--n-drivers", "2", "--n-stretches", "3", "--seed", "4")
    assert done.returncode == 0, done.stderr
    assert [(drive.id, len(drive.segments)) for drive in load_drives(tmp_path / "d")] == [
        ("driver_00", 3),
        ("driver_01", 3),
    ]
    assert set(load_drives(tmp_path / "d")[0].signals) == {"ecg", "vehicle", "context"}
    for wrong, message in (
        (["--difficulty", "2"], "difficulty must be within 0 and 1"),
        (["--n-drivers", "1"], "2 or more"),
    ):
        done = run_program(*command, *wrong)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
