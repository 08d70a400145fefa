"""AVDCNN: what it promises to whoever calls it."""

import numpy as np
import pytest
import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from avse.models.avdcnn_config import AVDCNNConfig
from avse.signal.stft import stft
from avse.signal.stft_config import StftConfig


@pytest.fixture
def model():
    torch.manual_seed(0)
    return AVDCNN.build(AVDCNNConfig(normalisation_radius=20)).eval()


def _scene(seed=0, n_frames=60):
    rng = np.random.default_rng(seed)
    noisy = stft(
        torch.from_numpy(rng.standard_normal(320 * (n_frames - 1)).astype(np.float32)) * 0.1,
        StftConfig(window=512, hop=320, sample_rate=16000),
    )
    crops = rng.integers(0, 256, (n_frames, 32, 48, 3), dtype=np.uint8)
    return noisy.numpy(), crops, np.ones(n_frames, dtype=bool)


def test_merged_layer_has_the_papers_2804_neurons(model):
    assert (model.audio.dim, model.video.dim, model.merged_dim) == (1904, 900, 2804)
    assert [layer.out_features for layer in model.trunk if isinstance(layer, torch.nn.Linear)] == [1000, 800]


def test_level_of_the_recording_does_not_change_the_gain(model):
    noisy, crops, present = _scene()
    loud = model.estimate_spectrum(noisy, crops, present)
    quiet = model.estimate_spectrum(noisy * np.float32(0.05), crops, present)
    np.testing.assert_allclose(quiet / 0.05, loud, atol=2e-3 * np.abs(loud).max())


def test_phase_is_the_noisy_one_and_no_bin_grows(model):
    noisy, crops, present = _scene()
    gain = model.estimate_spectrum(noisy, crops, present) / noisy
    assert np.abs(gain.imag).max() < 1e-4
    assert gain.real.min() >= 0
    assert gain.real.max() <= 1 + 1e-5


@pytest.mark.parametrize(("lip_motion", "reach"), [(False, 2), (True, 7)])
def test_crops_matter_only_where_the_face_is_present(lip_motion, reach):
    model = AVDCNN.build(AVDCNNConfig(normalisation_radius=5, lip_motion=lip_motion)).eval()
    noisy, crops, present = _scene()
    present[:30] = False
    before = model.estimate_spectrum(noisy, crops, present)
    hidden, seen = crops.copy(), crops.copy()
    hidden[:30] = 255 - hidden[:30]
    seen[40] = np.roll(seen[40], 9, axis=1)
    np.testing.assert_array_equal(model.estimate_spectrum(noisy, hidden, present), before)
    changed = np.abs(model.estimate_spectrum(noisy, seen, present) - before).max(axis=0) > 0
    assert changed[38:43].all()
    assert not changed[: 40 - reach].any()
    assert not changed[41 + reach :].any()
    assert reach <= model.context_frames


def test_a_chunk_with_its_context_equals_the_whole(model):
    noisy, crops, present = _scene(n_frames=120)
    whole = model.estimate_spectrum(noisy, crops, present)
    context = model.context_frames
    piece = slice(50 - context, 70 + context)
    chunk = model.estimate_spectrum(noisy[:, piece], crops[piece], present[piece])
    np.testing.assert_allclose(chunk[:, context:-context], whole[:, 50:70], atol=1e-4)


def test_silence_stays_silence(model):
    noisy, crops, present = _scene()
    estimate = model.estimate_spectrum(np.zeros_like(noisy), crops, present)
    assert not estimate.any()


def test_other_encoders_can_be_passed_in():
    class Loudness(torch.nn.Module):
        dim = 1

        def forward(self, log_power):
            return log_power.mean(dim=1).unsqueeze(-1)

    own = AVDCNN.build(AVDCNNConfig())
    mixed = AVDCNN(AVDCNNConfig(), audio=Loudness(), video=own.video)
    assert mixed.merged_dim == 901
    assert mixed(torch.randn(1, 257, 6), torch.randn(1, 6, 3, 16, 24)).log_power.shape == (1, 257, 6)


def test_saved_model_comes_back_the_same(model, tmp_path):
    path = tmp_path / "Gewichte größer.safetensors"
    zoo.save(path, model)
    scene = _scene()
    np.testing.assert_array_equal(zoo.load(str(path)).estimate_spectrum(*scene), model.estimate_spectrum(*scene))
    zoo.save(path, model, half=True)
    np.testing.assert_allclose(
        zoo.load(str(path)).estimate_spectrum(*scene),
        model.estimate_spectrum(*scene),
        atol=0.02 * np.abs(scene[0]).max(),
    )


def test_weights_of_another_model_are_refused_in_one_line(model, tmp_path):
    path = tmp_path / "other.safetensors"
    zoo.write_tensors(path, {"weight": torch.zeros(2)}, header={"model": "tasnet"})
    with pytest.raises(ConfigError, match=r"must be of one of .*avdcnn.* but are of 'tasnet'"):
        zoo.load(str(path))
    zoo.write_tensors(path, {"weight": torch.zeros(2)}, header={"model": "avdcnn", "config": {}})
    with pytest.raises(ConfigError, match="must fit the model avdcnn") as caught:
        zoo.load(str(path))
    assert "\n" not in str(caught.value)
    path.write_text("not weights")
    with pytest.raises(ConfigError, match="must be a safetensors file"):
        zoo.load(str(path))
    with pytest.raises(ConfigError, match="must be a file but there is none"):
        zoo.load(str(tmp_path / "nowhere.safetensors"))
    with pytest.raises(ConfigError, match="model must be one of"):
        zoo.load("nonesuch")
    with pytest.raises(ConfigError, match="device must be one that this machine has"):
        zoo.load("avdcnn", device="cuda:7")
