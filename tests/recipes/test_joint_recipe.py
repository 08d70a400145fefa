"""Core and steering trained at once, on tones in hiss."""

import numpy as np
import pytest
import torch
from steered_tones import SMALL, as_flags, write_tones

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.gtcrn import Gtcrn, GtcrnConfig
from avse.models.steered import Steered, SteeredConfig
from avse.nn.band_blocks import BlockConfig
from avse.signal.speech_cue import CUE_DIM
from avse.training.config import read_config
from recipes.checkpoint_weights import main as checkpoint_weights
from recipes.steered import joint
from recipes.steered.config import JointTrainConfig


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tones(tmp_path_factory.mktemp("joint"))


@pytest.fixture
def config_of(data, monkeypatch):
    monkeypatch.setenv("AVSE_DATA", str(data))

    def config(folder, *settings):
        given = as_flags([
            *SMALL, "model.core.channels=8", "model.n_blocks=1", "channel.measured_share=0", "n_valid=2",
            "loop.n_epochs=2", "loop.batch_size=2", "loop.warmup_steps=1", *settings,
        ])  # fmt: skip
        places = ["--manifest", str(data / "manifest.jsonl"), "--audio", str(data / "audio")]
        return read_config(JointTrainConfig, ["--folder", str(folder), *places, *given])

    return config


def test_both_parts_learn_and_a_run_that_is_stopped_resumes_to_the_same_weights(config_of, tmp_path):
    joint.main(config_of(tmp_path / "whole", "loop.checkpoint_every_steps=1"))
    stopped = config_of(tmp_path / "stopped", "loop.checkpoint_every_steps=1", "loop.max_minutes=0.0001")
    joint.main(stopped)
    assert not (tmp_path / "stopped" / "model.safetensors").exists()
    joint.main(config_of(tmp_path / "stopped", "loop.checkpoint_every_steps=1"))
    whole, resumed = (
        zoo.load_as(Steered, tmp_path / n / "model.safetensors").state_dict() for n in ("whole", "stopped")
    )
    for name, tensor in whole.items():
        np.testing.assert_array_equal(tensor, resumed[name])
    assert whole["change.last.weight"].abs().max() > 0


def test_the_steering_teaches_the_core_nothing(config_of, tmp_path):
    config = config_of(tmp_path / "run")
    torch.manual_seed(1)
    model = joint.build(config)
    torch.nn.init.normal_(model.change.last.weight, std=0.1)
    voices = torch.randn(2, 8000)
    plain = joint.VoiceExample(voices, 0.5 * voices, voices)

    def grads(cued):
        model.zero_grad()
        joint.loss_step(model, joint.JointExample(plain, cued), config=config).backward()
        return {name: p.grad for name, p in model.named_parameters()}

    noisy = torch.randn(1, 8000)
    cues = [torch.rand(1, 12, CUE_DIM) for _ in range(2)]
    one, other = (
        grads(joint.CuedExample(noisy, noisy * (0.1 + n), cue, torch.ones(1, 12))) for n, cue in enumerate(cues)
    )
    for name, gradient in one.items():
        if name.startswith("core."):
            np.testing.assert_array_equal(gradient, other[name])
    assert not torch.equal(one["cue.weight"], other["cue.weight"])


def test_examples_of_the_core_are_shared_out_each_once(config_of, tmp_path):
    config = config_of(tmp_path / "run", "n_plain=4")
    dataset = joint.training_data(config)
    assert (len(dataset), dataset.n_plain) == (2, 4)
    batch = joint.collate([dataset[0, index] for index in range(2)])
    assert batch.plain.noisy.shape == (8, 16000)
    assert batch.cued.noisy.shape == (2, 16000)
    expected = torch.stack([dataset.plain[0, index].noisy for index in range(8)])
    np.testing.assert_array_equal(batch.plain.noisy, expected)


def test_weights_without_recurrent_weights_begin_as_the_same_function(config_of, tmp_path):
    torch.manual_seed(1)
    small = SteeredConfig(core=GtcrnConfig(channels=8), block=BlockConfig(), n_blocks=1)
    old = Steered.build(small)
    torch.nn.init.normal_(old.change.last.weight, std=0.1)
    for block in old.core.blocks:
        torch.nn.init.normal_(block.out.weight, std=0.1)
    zoo.save(tmp_path / "old.safetensors", old)
    config = config_of(
        tmp_path / "run", f"start_from={tmp_path / 'old.safetensors'}", "model.core.n_blocks=3",
        "model.core.recurrent_weights=true", "model.block.recurrent_weights=true",
    )  # fmt: skip
    new = joint.build(config).eval()
    given = 0.1 * torch.randn(1, 2, 20, 257), torch.rand(1, 20, CUE_DIM), torch.ones(1, 20)
    with torch.inference_mode():
        for before, after in zip(old.eval()(*given), new(*given), strict=True):
            torch.testing.assert_close(after, before, atol=1e-5, rtol=0)
    assert [type(block.over_time).__name__ for block in new.modules() if hasattr(block, "over_time")] == [
        "BandwiseGRU"
    ] * 4


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("n_plain=0", "n_plain must be 1 to"),
        ("n_plain=9", "n_plain must be 1 to"),
        ("loop.precision=bf16-mixed", "32-true"),
    ],
)
def test_settings_that_cannot_be_are_refused(config_of, tmp_path, setting, reason):
    with pytest.raises(ConfigError, match=reason):
        config_of(tmp_path / "run", setting)


def test_weights_that_do_not_fit_are_one_line(config_of, tmp_path):
    zoo.save(tmp_path / "old.safetensors", Steered.build(SteeredConfig(core=GtcrnConfig(channels=16), n_blocks=1)))
    with pytest.raises(ConfigError, match=r"start_from .*old.safetensors must hold weights that fit"):
        joint.build(config_of(tmp_path / "run", f"start_from={tmp_path / 'old.safetensors'}"))


def test_the_core_of_a_checkpoint_can_be_written_alone(config_of, tmp_path, capsys):
    joint.main(config_of(tmp_path / "run", "loop.checkpoint_every_steps=1"))
    given = [str(tmp_path / "run"), str(tmp_path / "core.safetensors"), "--model", "steered", "--part"]
    assert checkpoint_weights([*given, "core"]) == 0
    assert zoo.load_as(Gtcrn, tmp_path / "core.safetensors").config.channels == 8
    assert checkpoint_weights([*given, "blocks"]) == 1
    assert "part blocks must be one of the model steered" in capsys.readouterr().err
