"""The steered recipe on tones in hiss: both parts train, are stopped and resumed, and what they write enhances."""

from pathlib import Path

import numpy as np
import pytest
import torch
from steered_tones import RATE, SMALL, as_flags, write_tones

from avse.data.manifest import read_manifest
from avse.enhance.enhancer import Enhancer
from avse.errors import ConfigError
from avse.models import zoo
from avse.models.gtcrn import Gtcrn, GtcrnConfig
from avse.models.steered import Steered, SteeredConfig
from avse.nn.band_blocks import BlockConfig
from avse.signal.speech_cue import CUE_DIM
from avse.training.config import read_config
from recipes.checkpoint_weights import main as checkpoint_weights
from recipes.pack import main as pack_corpus
from recipes.steered import core, steering
from recipes.steered.compare_cores import main as compare_cores
from recipes.steered.config import CoreTrainConfig, SteeringTrainConfig
from recipes.steered.cues import CuedExample
from recipes.steered.loss import enhancement_losses
from recipes.steered.train import TrainConfig
from recipes.steered.train import main as train_both
from recipes.training import is_finished


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tones(tmp_path_factory.mktemp("steered"))


@pytest.fixture
def places(data, monkeypatch):
    monkeypatch.setenv("AVSE_DATA", str(data))
    return ["--manifest", str(data / "manifest.jsonl"), "--audio", str(data / "audio")]


def _core_config(folder, places, *settings):
    flags = as_flags([
        *SMALL, "model.channels=8", "channel.measured_share=0", "n_valid=2",
        "loop.n_epochs=2", "loop.warmup_steps=1", "loop.checkpoint_every_steps=1", *settings,
    ])  # fmt: skip
    return read_config(CoreTrainConfig, ["--folder", str(folder), *places, *flags])


def test_a_core_that_is_stopped_resumes_to_the_same_weights(places, tmp_path):
    core.main(_core_config(tmp_path / "whole", places))
    core.main(_core_config(tmp_path / "stopped", places, "loop.max_minutes=0.0001"))
    assert not (tmp_path / "stopped" / "model.safetensors").exists()
    core.main(_core_config(tmp_path / "stopped", places))
    whole, stopped = (
        zoo.load_as(Gtcrn, tmp_path / name / "model.safetensors").state_dict() for name in ("whole", "stopped")
    )
    for name, tensor in whole.items():
        np.testing.assert_array_equal(tensor, stopped[name])


def test_steering_learns_beside_a_core_that_stays(places, tmp_path):
    core.main(_core_config(tmp_path / "core", places, "loop.n_epochs=1"))
    weights = tmp_path / "core" / "model.safetensors"
    flags = as_flags([
        *SMALL, "model.n_blocks=1", "channel.measured_share=0", "n_valid=2", "loop.n_epochs=3", "loop.warmup_steps=1",
    ])  # fmt: skip
    config = read_config(
        SteeringTrainConfig, ["--folder", str(tmp_path / "steering"), "--core", str(weights), *places, *flags]
    )
    steering.main(config)
    trained = zoo.load_as(Steered, tmp_path / "steering" / "model.safetensors")
    for name, tensor in zoo.load_as(Gtcrn, weights).state_dict().items():
        np.testing.assert_array_equal(trained.core.state_dict()[name], tensor)
    assert trained.change.last.weight.abs().max() > 0
    assert trained.cue.weight.shape[1] == CUE_DIM + 1


def test_a_steering_continues_with_another_core(places, tmp_path):
    torch.manual_seed(1)
    sizes = SteeredConfig(core=GtcrnConfig(channels=8), block=BlockConfig(channels=8, state_dim=8), n_blocks=1)
    old, new = Steered.build(sizes), Gtcrn.build(sizes.core)
    torch.nn.init.normal_(old.change.last.weight)
    zoo.save(tmp_path / "old.safetensors", old)
    zoo.save(tmp_path / "new.safetensors", new)
    config = read_config(SteeringTrainConfig, [
        "--folder", str(tmp_path / "run"), "--core", str(tmp_path / "new.safetensors"),
        "--start_from", str(tmp_path / "old.safetensors"), "--model.n_blocks", "1", "--model.block.channels", "8",
        "--model.block.state_dim", "8", *places,
    ])  # fmt: skip
    model = steering.build(config)
    for name, tensor in model.state_dict().items():
        before = new.state_dict()[name.removeprefix("core.")] if name.startswith("core.") else old.state_dict()[name]
        np.testing.assert_array_equal(tensor, before)


def test_both_parts_are_trained_in_turn_and_the_result_enhances(data, places, tmp_path, monkeypatch):
    monkeypatch.setattr("recipes.steered.published.WHEEL", "no_such_wheel")
    core_yaml, steering_yaml = tmp_path / "core.yaml", tmp_path / "steering.yaml"
    common = (
        "mix: {durations_s: [1.0], examples_per_epoch: 8}\nchannel: {measured_share: 0}\nn_valid: 2\n"
        "loop: {n_epochs: 1, batch_size: 4, precision: 32-true, warmup_steps: 1}\n"
    )
    core_yaml.write_text(common + "model: {channels: 8}\n")
    steering_yaml.write_text(common + "model: {n_blocks: 1}\n")
    config = TrainConfig(
        folder=tmp_path / "run", manifest=data / "manifest.jsonl", crops=data / "crops", core=core_yaml,
        steering=steering_yaml,
    )  # fmt: skip
    train_both(config)
    noisy = 0.1 * np.random.default_rng(2).standard_normal(RATE).astype(np.float32)
    enhanced = Enhancer.load(str(tmp_path / "run" / "model.safetensors")).enhance(noisy, sample_rate=RATE)
    assert enhanced.shape == noisy.shape
    assert np.isfinite(enhanced).all()
    assert not np.allclose(enhanced, noisy, atol=1e-3)
    assert is_finished(config)
    # Parts of other settings are none of this run's, whether all is finished or only the core.
    core_yaml.write_text(core_yaml.read_text().replace("channels: 8", "channels: 16"))
    with pytest.raises(ConfigError, match="core holds other data than then"):
        is_finished(config)
    (tmp_path / "run/model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"model\.channels was 8 but is 16"):
        train_both(config)


def test_the_core_begins_with_the_published_weights_where_there_is_a_graph(data, places, tmp_path, monkeypatch):
    (tmp_path / "core.yaml").write_text("n_valid: 2\n")
    published, started = Gtcrn.build(GtcrnConfig(n_blocks=0)), []
    monkeypatch.setattr("recipes.steered.train.read_published", lambda path: published)
    monkeypatch.setattr("recipes.steered.train.core.main", started.append)
    config = TrainConfig(
        folder=tmp_path / "run", manifest=data / "manifest.jsonl", crops=data / "crops", core=tmp_path / "core.yaml",
        steering=tmp_path / "none.yaml", published=tmp_path / "gtcrn.onnx",
    )  # fmt: skip
    train_both(config)
    begun = zoo.load_as(Gtcrn, started[0].start_from).state_dict()
    for name, tensor in published.state_dict().items():
        np.testing.assert_array_equal(begun[name], tensor)


def test_weights_come_out_of_a_checkpoint(places, tmp_path, capsys):
    core.main(_core_config(tmp_path / "run", places, "loop.max_minutes=0.0001", "loop.ema_decay=0.5"))
    assert checkpoint_weights([str(tmp_path / "run"), str(tmp_path / "now.safetensors")]) == 0
    assert "gtcrn at step 1" in capsys.readouterr().out
    zoo.load_as(Gtcrn, tmp_path / "now.safetensors")
    assert checkpoint_weights([str(tmp_path), str(tmp_path / "none.safetensors")]) == 1
    assert "must hold last.safetensors" in capsys.readouterr().err


def test_an_example_that_steering_makes_worse_counts_twice(tmp_path):
    torch.manual_seed(1)
    model = Steered.build(
        SteeredConfig(core=GtcrnConfig(channels=8), block=BlockConfig(channels=8, state_dim=8), n_blocks=1)
    ).eval()
    torch.nn.init.normal_(model.change.last.weight)  # steers, and for the worse
    clean = 0.1 * torch.randn(3, RATE)
    batch = CuedExample(clean + 0.05 * torch.randn(3, RATE), clean, torch.rand(3, 25, CUE_DIM), torch.ones(3, 25))
    places = dict.fromkeys(("folder", "manifest", "audio", "core"), tmp_path)

    def loss(harm):
        return steering.loss_step(model, batch, config=SteeringTrainConfig(**places, harm=harm)).item()

    weights, core = SteeringTrainConfig(**places).loss, model.config.core
    output = steering.run(model, batch)
    steered, audio_only = (
        enhancement_losses(spectrum, clean, core.stft, weights=weights)
        for spectrum in (output.steered, output.audio_only)
    )
    worse = (steered - audio_only).clamp_min(0)
    assert worse.max() > 0
    assert loss(0.0) == pytest.approx(steered.mean().item(), rel=1e-5)
    assert loss(2.0) - loss(0.0) == pytest.approx(2 * worse.mean().item(), rel=1e-4)
    # With no steering the loss is that of the core, each example for itself.
    torch.nn.init.zeros_(model.change.last.weight)
    assert loss(5.0) == pytest.approx(audio_only.mean().item(), rel=1e-5)


def test_a_file_without_a_steering_is_no_beginning(places, tmp_path):
    zoo.save(tmp_path / "core.safetensors", Gtcrn.build(GtcrnConfig(channels=8)))
    path = str(tmp_path / "core.safetensors")
    config = read_config(
        SteeringTrainConfig, ["--folder", str(tmp_path / "run"), "--core", path, "--start_from", path, *places]
    )
    with pytest.raises(ConfigError, match=r"core\.safetensors must be of steered"):
        steering.build(config)


def test_cores_are_compared_on_equal_mixtures(places, tmp_path, capsys):
    torch.manual_seed(1)
    paths = [str(tmp_path / f"{name}.safetensors") for name in ("one", "other")]
    for path in paths:
        zoo.save(Path(path), Gtcrn.build(GtcrnConfig(channels=8)))
    assert compare_cores([*paths, paths[0], *places, "--n-mixtures", "2"]) == 0
    _, _, one, other, again = capsys.readouterr().out.strip().splitlines()
    assert one == again
    assert one.split("|")[3:] != other.split("|")[3:]
    assert compare_cores([*paths, *places, "--n-mixtures", "1", "--by-noise-type"]) == 0
    head, _, *rows, mean = capsys.readouterr().out.strip().splitlines()
    assert head == "| PESQ-WB / ESTOI / SI-SDR, dB | one | other |"
    types = {item.noise_type for item in read_manifest(Path(places[1])) if item.split == "valid" and item.noise_type}
    assert [row.split("|")[1].strip() for row in rows] == sorted(types)
    assert mean.startswith("| mean over types |")
    assert pack_corpus([places[1], str(tmp_path / "packed")]) == 0
    by_type = [*paths, *places[:2], "--audio", str(tmp_path / "packed"), "--n-mixtures", "1", "--by-noise-type"]
    assert compare_cores(by_type) == 0
    assert [row.split("|")[1] for row in capsys.readouterr().out.strip().splitlines()[2:]] == [
        row.split("|")[1] for row in (*rows, mean)
    ]
    assert compare_cores([str(tmp_path / "none.safetensors"), *places]) == 1
    assert "none.safetensors" in capsys.readouterr().err


def test_a_steering_without_recurrent_weights_continues_with_them_as_the_same_function(places, tmp_path):
    torch.manual_seed(1)
    sizes = SteeredConfig(core=GtcrnConfig(channels=8), block=BlockConfig(channels=8, state_dim=8), n_blocks=1)
    old = Steered.build(sizes).eval()
    torch.nn.init.normal_(old.change.last.weight)
    zoo.save(tmp_path / "old.safetensors", old)
    zoo.save(tmp_path / "core.safetensors", old.core)
    config = read_config(SteeringTrainConfig, [
        "--folder", str(tmp_path / "run"), "--core", str(tmp_path / "core.safetensors"),
        "--start_from", str(tmp_path / "old.safetensors"), "--model.n_blocks", "1", "--model.block.channels", "8",
        "--model.block.state_dim", "8", "--model.block.recurrent_weights", "true", *places,
    ])  # fmt: skip
    given = 0.1 * torch.randn(1, 2, 20, 257), torch.rand(1, 20, CUE_DIM), torch.ones(1, 20)
    with torch.inference_mode():
        expected, found = old(*given), steering.build(config).eval()(*given)
    torch.testing.assert_close(found.steered, expected.steered, atol=1e-5, rtol=0)
