"""The steered model: causal, equal frame by frame and by its graph, and its core's output where there is no cue."""

import numpy as np
import pytest
import torch

from avse.errors import ConfigError
from avse.models import onnx_graph, steered_onnx, zoo
from avse.models.gtcrn import Gtcrn, GtcrnConfig
from avse.models.lip_steered import OnnxSteering, TorchSteering
from avse.models.onnx import open_graph
from avse.models.registry import MODELS
from avse.models.steered import Steered, SteeredConfig
from avse.nn.band_blocks import BlockConfig
from avse.signal.speech_cue import CUE_DIM
from avse.signal.stft_config import StftConfig

N_FRAMES = 40


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    config = SteeredConfig(core=GtcrnConfig(channels=8), block=BlockConfig(channels=16, state_dim=12), n_blocks=1)
    return Steered.build(config).eval()


@pytest.fixture(scope="module")
def trained(model):
    """As after some steps: the steering's last layer is no longer zero."""
    twin = Steered(model.config, core=model.core)
    twin.load_state_dict(model.state_dict())
    torch.manual_seed(2)
    torch.nn.init.normal_(twin.change.last.weight, std=0.5)
    return twin.eval()


@pytest.fixture(scope="module")
def given():
    generator = torch.Generator().manual_seed(1)
    noisy = 0.1 * torch.randn(1, 2, N_FRAMES, 257, generator=generator)
    return noisy, torch.rand(1, N_FRAMES, CUE_DIM, generator=generator), torch.ones(1, N_FRAMES)


def test_the_whole_network_is_small_enough_for_one_core():
    lips = MODELS["lip_cue"]
    n_parameters = sum(
        zoo.count_parameters(network)
        for network in (Steered.build(SteeredConfig()), lips.network.build(lips.network.config_of()))
    )
    assert n_parameters < 1_000_000


def test_steering_begins_as_the_core(model, given):
    with torch.inference_mode():
        output = model(*given)
        alone = model.core(given[0])
    assert torch.equal(output.steered, output.audio_only)
    torch.testing.assert_close(output.audio_only, alone)


def test_the_cue_does_not_reach_the_audio_only_output(trained, given):
    noisy, cue, present = given
    with torch.inference_mode():
        one, other = trained(noisy, cue, present), trained(noisy, 1 - cue, 0 * present)
    assert torch.equal(one.audio_only, other.audio_only)
    assert not torch.allclose(one.steered, other.steered)


def test_without_a_cue_its_numbers_do_not_matter(trained, given):
    noisy, cue, present = given
    with torch.inference_mode():
        one, other = trained(noisy, cue, 0 * present), trained(noisy, 1 - cue, 0 * present)
    assert torch.equal(one.steered, other.steered)


def test_the_future_changes_nothing(trained, given):
    noisy, cue, present = given
    later, later_cue = noisy.clone(), cue.clone()
    later[:, :, 25:] += 1
    later_cue[:, 25:] = 1 - later_cue[:, 25:]
    with torch.inference_mode():
        before, after = trained(noisy, cue, present), trained(later, later_cue, present)
    for name in ("audio_only", "steered"):
        torch.testing.assert_close(getattr(after, name)[:, :, :25], getattr(before, name)[:, :, :25])
        assert not torch.allclose(getattr(after, name)[:, :, 25:], getattr(before, name)[:, :, 25:])


def test_frame_by_frame_as_in_one(trained, given):
    noisy, cue, present = given
    with torch.inference_mode():
        whole = trained(noisy, cue, present)
    runner, state, pieces = TorchSteering(trained), None, []
    spectrum = torch.complex(noisy[0, 0], noisy[0, 1]).T.numpy()
    for first, last in ((0, 1), (1, 9), (9, N_FRAMES)):
        *outputs, state = runner.enhance(
            spectrum[:, first:last], cue[0, first:last].numpy(), present[0, first:last].numpy() > 0, state
        )
        pieces.append(outputs)
    for index, name in enumerate(("audio_only", "steered")):
        parts = getattr(whole, name)[0].numpy()
        joined = np.concatenate([piece[index] for piece in pieces], axis=1)
        np.testing.assert_allclose(joined, (parts[0] + 1j * parts[1]).T, atol=1e-5)


def test_the_graph_gives_what_the_model_gives(trained, tmp_path):
    path = tmp_path / "steered.onnx"
    assert steered_onnx.export(trained, path) <= onnx_graph.TOLERANCE
    assert OnnxSteering(*open_graph(path)).stft == StftConfig(window=512, hop=256, sample_rate=16000)


def test_weights_are_saved_and_loaded(trained, given, tmp_path):
    zoo.save(tmp_path / "steered.safetensors", trained)
    loaded = zoo.load_as(Steered, tmp_path / "steered.safetensors")
    with torch.inference_mode():
        torch.testing.assert_close(loaded(*given).steered, trained(*given).steered)


def test_training_the_steering_leaves_the_core_as_it_is(trained, given):
    core = trained.core
    twin = Steered(trained.config, core=Gtcrn(core.config))
    twin.load_state_dict(trained.state_dict())
    twin.core.requires_grad_(False)
    twin.train()
    twin.core.eval()
    twin(*given).steered.square().mean().backward()
    assert all(parameter.grad is None for parameter in twin.core.parameters())
    assert twin.cue.weight.grad is not None
    for name, buffer in twin.core.named_buffers():
        assert torch.equal(buffer, dict(core.named_buffers())[name])


def test_weights_of_the_core_before_are_refused_with_advice(tmp_path):
    header = {"model": "steered", "config": {"core": {"channels": 32, "recurrence": "minimal"}, "n_blocks": 3}}
    with pytest.raises(ConfigError, match="of the audio core before GTCRN; train again"):
        zoo.build(header, path=tmp_path / "old.safetensors")
