"""The live model is small and causal, believes no face that is not there, and is the same without torch."""

import numpy as np
import pytest
import torch

from avse.errors import ConfigError
from avse.models import live_onnx, onnx_graph, zoo
from avse.models.live import Live, LiveConfig
from avse.models.onnx import OnnxModel
from avse.signal.stft_config import StftConfig


@pytest.fixture(scope="module")
def model(live_weights):
    return zoo.load(str(live_weights))


@pytest.fixture(scope="module")
def given():
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(1, 257, 40, dtype=torch.complex64, generator=generator)
    return noisy, torch.randn(1, 16, 2, 32, 48, generator=generator), torch.ones(1, 16)


def test_it_is_small_and_quick():
    model = Live.build(LiveConfig())
    assert zoo.count_parameters(model) <= 1_000_000
    assert model.stft.window / model.stft.sample_rate <= 0.040


def test_the_future_changes_nothing(model, given):
    noisy, motion, present = given
    with torch.inference_mode():
        before = model(noisy, motion, present).spectrum
        later, later_motion = noisy.clone(), motion.clone()
        later[:, :, 25:] += 1
        later_motion[:, 11:] += 1
        after = model(later, later_motion, present).spectrum
    # Video 11 is due at 0.44 s, when frame 26.5 is complete: frame 25 is the first that may differ.
    torch.testing.assert_close(after[:, :, :25], before[:, :, :25])
    assert not torch.allclose(after[:, :, 25:], before[:, :, 25:])


def test_without_a_video_what_was_in_it_does_not_matter(model, given):
    noisy, motion, present = given
    with torch.inference_mode():
        one = model(noisy, motion, torch.zeros_like(present)).spectrum
        other = model(noisy, -motion, torch.zeros_like(present)).spectrum
        seen = model(noisy, motion, present).spectrum
    torch.testing.assert_close(one, other)
    assert not torch.allclose(one, seen)


def test_frame_by_frame_as_in_one(model, given):
    noisy, motion, present = given
    with torch.inference_mode():
        whole = model(noisy, motion, present).spectrum[0]
    spectrum = noisy[0].numpy()
    mouth, _ = model.encode_video(motion[0].numpy(), None)
    shown = model.video_frames_at(40).clip(max=15)
    state, frames = None, []
    for frame in range(40):
        enhanced, _, state = model.enhance_step(
            spectrum[:, [frame]], mouth[shown[[frame]]], np.ones(1, dtype=bool), state
        )  # fmt: skip
        frames.append(enhanced)
    joined = np.concatenate(frames, axis=1)
    np.testing.assert_allclose(joined, torch.complex(whole[0], whole[1]).numpy().T, atol=1e-5)


def test_the_graphs_give_what_the_model_gives(model, live_graph, given):
    graphs = OnnxModel(live_graph)
    assert (graphs.name, graphs.crop_size) == ("live", (32, 48))
    assert graphs.stft == model.stft == StftConfig(window=512, hop=256, sample_rate=16000)
    noisy, motion, _ = given
    spectrum = noisy[0].numpy()
    features = [runner.encode_video(motion[0].numpy(), None)[0] for runner in (model, graphs)]
    np.testing.assert_allclose(*features, atol=1e-4)
    present = np.arange(40) % 7 != 0
    mouth = features[0][model.video_frames_at(40).clip(max=15)]
    outputs = [runner.enhance_step(spectrum, mouth, present, None) for runner in (model, graphs)]
    for one, other in zip(outputs[0][:2], outputs[1][:2], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_graphs_that_differ_are_not_written(model, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_graph, "TOLERANCE", -1.0)
    with pytest.raises(ConfigError, match="but differ by"):
        live_onnx.export(model, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_files_that_are_no_graphs_are_reported(tmp_path, live_graph):
    with pytest.raises(ConfigError, match="must be a file but there is none"):
        OnnxModel(tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("no graph")
    with pytest.raises(ConfigError, match="must be one that avse-export wrote"):
        OnnxModel(tmp_path / "text.onnx")
    (tmp_path / "alone.onnx").write_bytes(live_graph.read_bytes())
    with pytest.raises(ConfigError, match="there is none"):
        OnnxModel(tmp_path / "alone.onnx")
