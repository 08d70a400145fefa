"""The lip network: streaming, time, size, the registry."""

import numpy as np
import pytest
import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.lip_cue import LipCue, LipCueConfig
from avse.models.lip_cue_onnx import export
from avse.models.onnx_lips import OnnxLips
from avse.models.pretrained import PRETRAINED
from avse.signal.speech_cue import CUE_DIM
from avse.signal.voice_features import N_FEATURES


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return LipCue.build(LipCueConfig()).eval()


@pytest.fixture(scope="module")
def media():
    rng = np.random.default_rng(0)
    motion = rng.standard_normal((40, 2, 32, 48)).astype(np.float32)
    return motion, rng.standard_normal((40, N_FEATURES)).astype(np.float32)


def test_streaming_equals_whole(model, media):
    motion, features = media
    cue, video, _ = model.watch(motion, None)
    audio, _ = model.listen(features, None)
    assert cue.shape == (40, CUE_DIM)
    assert video.shape == audio.shape == (40, 33)
    state, outputs, parts = None, None, []
    for start, stop in ((0, 1), (1, 2), (2, 17), (17, 40)):
        *seen, state = model.watch(motion[start:stop], state)
        embedding, outputs = model.listen(features[start:stop], outputs)
        parts.append((*seen, embedding))
    for whole, pieces in zip((cue, video, audio), zip(*parts, strict=True), strict=True):
        np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)


def test_later_frames_change_nothing_before(model, media):
    motion, features = (array.copy() for array in media)
    before = model.watch(motion, None)[0], model.listen(features, None)[0]
    motion[20:], features[20:] = 0, 0
    after = model.watch(motion, None)[0], model.listen(features, None)[0]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one[:20], other[:20], atol=1e-6)
        assert np.abs(one[20:] - other[20:]).max() > 1e-4


def test_the_training_pass_is_the_same(model, media):
    motion, features = (torch.from_numpy(array)[None] for array in media)
    with torch.inference_mode():
        video, audio = model(motion, features)
    np.testing.assert_allclose(torch.sigmoid(video.cue_logits)[0], model.watch(media[0], None)[0], atol=1e-5)
    np.testing.assert_allclose(audio[0], model.listen(media[1], None)[0], atol=1e-5)


def test_lip_side_is_small(model):
    assert sum(p.numel() for name, p in model.named_parameters() if not name.startswith("voice")) < 250_000


def test_it_is_saved_and_loaded(model, media, tmp_path):
    zoo.save(tmp_path / "m.safetensors", model)
    loaded = zoo.load_as(LipCue, tmp_path / "m.safetensors")
    np.testing.assert_array_equal(loaded.watch(media[0], None)[1], model.watch(media[0], None)[1])


def test_graphs_give_what_the_model_gives(model, media, tmp_path):
    pytest.importorskip("onnx")
    path = tmp_path / "lips.onnx"
    assert export(model, path) < 1e-4
    graphs = OnnxLips(path)
    np.testing.assert_allclose(graphs.watch(media[0], None)[1], model.watch(media[0], None)[1], atol=1e-4)
    np.testing.assert_allclose(graphs.listen(media[1], None)[0], model.listen(media[1], None)[0], atol=1e-4)


def test_another_models_graph_is_refused():
    with pytest.raises(ConfigError, match="lip network"):
        OnnxLips(PRETRAINED / "live.onnx", PRETRAINED / "live.mouth.onnx")
