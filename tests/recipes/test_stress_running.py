"""Normalisation by the driver's own past: causal, without memory of scale; features beside signals; pre-training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avse.drives.drive import Drive, save_drive
from avse.drives.simulate import DrivingConfig, simulate_drive
from avse.errors import ConfigError
from avse.training.loop_config import LoopConfig
from recipes.driver_stress import normalised_results
from recipes.driver_stress.config import NetworkConfig, TrainConfig
from recipes.driver_stress.features import window_features
from recipes.driver_stress.normalise import (
    HAND,
    LIMIT,
    normalised,
    normalised_features,
    running_zscore,
    with_handcrafted,
)
from recipes.driver_stress.pretrain import PretrainConfig, pretrained_encoders
from recipes.driver_stress.running import FEATURES, PRETRAINED, RunningConfig, main

TINY = DrivingConfig(difficulty=0, n_stretches=4, shortest_s=60, longest_s=80)


@pytest.fixture(scope="module")
def drives():
    return [simulate_drive(seed=1, driver=driver, config=TINY) for driver in range(3)]


def test_the_running_score_by_its_formula():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 50)) + 1e6
    mask = rng.random((2, 50)) < 0.7
    found = running_zscore(values, mask, n_fewest=5)
    for channel in range(2):
        for now in range(50):
            past = values[channel, : now + 1][mask[channel, : now + 1]]
            ready = mask[channel, now] and len(past) >= 5
            wanted = (values[channel, now] - past.mean()) / past.std() if ready else 0
            assert found[channel, now] == pytest.approx(np.clip(wanted, -LIMIT, LIMIT), abs=1e-5)


def test_it_knows_nothing_of_what_comes_and_nothing_of_units():
    rng = np.random.default_rng(0)
    values, mask = rng.standard_normal((3, 80)), np.ones((3, 80), bool)
    changed = values.copy()
    changed[:, 40:] += 100
    assert np.array_equal(
        running_zscore(changed, mask, n_fewest=4)[:, :40], running_zscore(values, mask, n_fewest=4)[:, :40]
    )
    np.testing.assert_allclose(
        running_zscore(7 * values + 3, mask, n_fewest=4), running_zscore(values, mask, n_fewest=4), atol=1e-9
    )


def test_a_constant_and_what_is_not_there_are_zero():
    flat = np.full((1, 20), 3.0)
    assert not running_zscore(flat, np.ones((1, 20), bool), n_fewest=2).any()
    assert not running_zscore(flat + np.arange(20), np.zeros((1, 20), bool), n_fewest=2).any()


def test_features_at_a_windows_end_are_those_of_the_window(drives):
    often = window_features(drives[0], window_s=30, context_s=30, step_s=10)
    seldom = window_features(drives[0], window_s=30, context_s=30)
    n = seldom.shape[1] // 2
    np.testing.assert_allclose(often[2::3][: len(seldom), :n], seldom[:, :n])


def test_features_stand_beside_signals_and_are_causal(drives):
    drive = drives[0]
    both = with_handcrafted(normalised(drive), drive, window_s=30, context_s=60)
    assert list(both.signals) == [*drive.signals, HAND]
    hand = both.signals[HAND]
    assert hand.rate_hz == 1.0
    cut_s = 120
    signals = {}
    for name, signal in drive.signals.items():
        early = np.arange(signal.values.shape[1]) < cut_s * signal.rate_hz
        signals[name] = replace(signal, values=np.where(early, signal.values, 9).astype(np.float32))
    early = drive.beats[:, 0] < cut_s
    other: Drive = replace(drive, signals=signals, beats=drive.beats[early])
    later = with_handcrafted(normalised(other), other, window_s=30, context_s=60)
    # Whether a beat is believed depends on a few beats around it.
    until_s = cut_s - 10
    np.testing.assert_allclose(later.signals[HAND].values[:, :until_s], hand.values[:, :until_s], atol=1e-5)
    assert not np.allclose(later.signals[HAND].values[:, cut_s:], hand.values[:, cut_s:], atol=1e-2)
    assert np.isnan(normalised_features(np.full((9, 2), np.nan), step_s=30)).all()


def test_pre_training_learns_what_belongs_together(drives):
    loop = LoopConfig(n_epochs=1, batch_size=4, precision="32-true")
    config = TrainConfig(folder="x", drives="x", window_s=30, context_s=60, network=NetworkConfig(dim=8), loop=loop)
    before = pretrained_encoders(drives, config, PretrainConfig(n_steps=1))
    after = pretrained_encoders(drives, config, PretrainConfig(n_steps=3))
    again = pretrained_encoders(drives, config, PretrainConfig(n_steps=3))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in after)
    assert all(torch.equal(again[name], after[name]) for name in after)


@pytest.fixture(scope="module")
def evaluation(drives, tmp_path_factory):
    folder = tmp_path_factory.mktemp("normalised")
    for drive in drives:
        save_drive(folder / "drives" / f"{drive.id}.safetensors", drive)
    config = RunningConfig(
        folder / "run", folder / "drives", systems=(FEATURES, PRETRAINED), n_seeds=2, n_sequences=8, n_epochs=1,
        context_s=60, network=NetworkConfig(dim=8, lstm_dim=8, n_layers=1), pretrain=PretrainConfig(n_steps=2),
    )  # fmt: skip
    main(config)
    return config


def test_all_systems_stand_in_the_table(evaluation, tmp_path):
    arguments = [str(tmp_path / "R.md"), "--folder", str(evaluation.folder), "--command", "c"]
    assert normalised_results.main(arguments) == 0
    assert "## Target" not in (tmp_path / "R.md").read_text(encoding="utf-8")
    assert normalised_results.main([*arguments, "--target", "0.02"]) == 0
    text = (tmp_path / "R.md").read_text(encoding="utf-8")
    for name in ("majority", "SVM", "SVM, normalised", "logistic regression, normalised", f"{FEATURES}, mean of seeds",
                 f"{PRETRAINED}, mean of seeds", "target +0.02"):  # fmt: skip
        assert f"| {name} |" in text
    assert "| drivers tested | 3 |" in text


def test_what_is_done_is_not_done_again(evaluation):
    path = next((evaluation.folder / "predictions").glob("*.safetensors"))
    before = path.stat().st_mtime_ns
    main(evaluation)
    assert path.stat().st_mtime_ns == before


def test_a_system_that_is_not_there_is_one_line(evaluation):
    with pytest.raises(ConfigError, match="one is 'transformer'"):
        main(replace(evaluation, systems=("transformer",)))
