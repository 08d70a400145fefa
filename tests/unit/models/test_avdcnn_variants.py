"""What AVDCNN is compared with: each variant is given what its name says, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from avse.models.avdcnn_config import AVDCNNConfig
from avse.training.config import read_config
from recipes.avdcnn.config import TrainConfig

BASE = AVDCNNConfig(normalisation_radius=10)
VARIANTS = {
    "adcnn": replace(BASE, streams="audio"),
    "visual": replace(BASE, streams="video", residual=False),
    "avdnn": replace(BASE, encoders="none"),
    "early": replace(BASE, fusion="early"),
    "late": replace(BASE, fusion="late"),
    "one_output": replace(BASE, lip_output=False),
    "region": replace(BASE, lip_region=0.5),
    "context_1": replace(BASE, context=1),
    "hidden": replace(BASE, hidden=(30, 20)),
}
CONF = Path(__file__).parents[3] / "egs/grid/conf/experiment"


@pytest.fixture(scope="module")
def models():
    built = {}
    for name, config in VARIANTS.items():
        torch.manual_seed(0)
        built[name] = AVDCNN.build(config).eval()
    return built


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    noisy = rng.standard_normal((257, 50)) + 1j * rng.standard_normal((257, 50))
    return noisy.astype(np.complex64), rng.integers(0, 256, (50, 32, 48, 3), dtype=np.uint8), np.ones(50, dtype=bool)


def _inputs(n_frames=12):
    torch.manual_seed(1)
    return torch.randn(2, 257, n_frames), torch.randn(2, n_frames, 3, 16, 24)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_chunk_with_its_context_equals_the_whole(name, models, scene):
    model, (noisy, crops, present) = models[name], scene
    whole = model.estimate_spectrum(noisy, crops, present)
    piece = slice(22 - model.context_frames, 28 + model.context_frames)
    chunk = model.estimate_spectrum(noisy[:, piece], crops[piece], present[piece])
    kept = slice(model.context_frames, -model.context_frames)
    np.testing.assert_allclose(chunk[:, kept], whole[:, 22:28], atol=1e-4)


@pytest.mark.parametrize("name", VARIANTS)
def test_each_comes_back_from_its_file_the_same(name, models, scene, tmp_path):
    zoo.save(tmp_path / "m.safetensors", models[name])
    again = zoo.load(str(tmp_path / "m.safetensors"))
    np.testing.assert_array_equal(again.estimate_spectrum(*scene), models[name].estimate_spectrum(*scene))


@pytest.mark.parametrize(("name", "uses_audio", "uses_video"), [
    ("adcnn", True, False), ("visual", False, True), ("avdnn", True, True), ("early", True, True),
    ("late", True, True), ("one_output", True, True),
])  # fmt: skip
def test_streams_count_where_they_are_given_and_nowhere_else(name, uses_audio, uses_video, models):
    audio, lips = _inputs()
    answer = models[name](audio, lips).log_power
    assert torch.equal(models[name](audio + 1, lips).log_power, answer) != uses_audio
    assert torch.equal(models[name](audio, lips + 1).log_power, answer) != uses_video


def test_lip_frames_are_predicted_by_those_that_see_and_are_to(models):
    audio, lips = _inputs()
    shown = {name: model(audio, lips).lips for name, model in models.items()}
    assert {name for name, frames in shown.items() if frames is None} == {"adcnn", "one_output"}
    assert all(frames.shape == lips.shape for frames in shown.values() if frames is not None)


def test_one_output_learns_as_two_outputs_whose_second_weighs_nothing():
    audio, lips = _inputs()
    gradients = []
    for config in (BASE, VARIANTS["one_output"]):
        torch.manual_seed(0)
        model = AVDCNN.build(config).train()
        torch.manual_seed(2)
        estimate = model(audio, lips)
        visual = 0.0 if estimate.lips is None else 0.0 * estimate.lips.square().mean()
        (estimate.log_power.square().mean() + visual).backward()
        gradients.append({n: p.grad for n, p in model.named_parameters() if not n.startswith("video_head")})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=0, atol=0)


def test_avdnn_reads_windows_as_they_are(models):
    audio, lips = _inputs()
    audio_part, video_part = models["avdnn"].audio(audio), models["avdnn"].video(lips)
    torch.testing.assert_close(audio_part[0, 5].reshape(257, 5), audio[0, :, 3:8])
    torch.testing.assert_close(video_part[1, 5].reshape(3, 16, 24, 5), lips[1, 3:8].permute(1, 2, 3, 0))
    assert not any(isinstance(part, torch.nn.Conv2d) for part in models["avdnn"].modules())


def test_late_fusion_is_a_mean_of_two_answers(models):
    late = models["late"]
    audio, lips = _inputs()
    with torch.no_grad():
        late.audio_weight.fill_(50)
        audio_part = late(audio, lips).log_power
        late.audio_weight.fill_(-50)
        video_part = late(audio, lips).log_power
        late.audio_weight.zero_()
    torch.testing.assert_close(late(audio, lips).log_power, (audio_part + video_part) / 2, atol=1e-5, rtol=0)
    torch.testing.assert_close(audio_part, late.audio_head(late.trunk(late.audio(audio))).transpose(1, 2) + audio)


def test_beyond_the_region_of_the_lips_nothing_is_seen(models, scene):
    noisy, crops, present = scene
    before = models["region"].estimate_spectrum(noisy, crops, present)
    around, inside = crops.copy(), crops.copy()
    around[:, :8], around[:, 24:], around[:, :, :12], around[:, :, 36:] = 7, 7, 7, 7
    inside[:, 15, 24] = 255 - inside[:, 15, 24]
    np.testing.assert_array_equal(models["region"].estimate_spectrum(noisy, around, present), before)
    assert not np.array_equal(models["region"].estimate_spectrum(noisy, inside, present), before)


def test_the_experiments_adcnn_has_as_many_parameters_as_its_avdcnn():
    sizes = {}
    for name in ("adcnn", "avdcnn"):
        config = read_config(TrainConfig, ["--config", str(CONF / f"{name}.yaml"), "--folder", "x", "--manifest", "x",
                                           "--crops", "x"])  # fmt: skip
        sizes[name] = zoo.count_parameters(AVDCNN.build(config.model))
    assert sizes["adcnn"] == pytest.approx(sizes["avdcnn"], rel=0.01)


@pytest.mark.parametrize(("settings", "words"), [
    ({"streams": "audio", "fusion": "early"}, "early fusion must have both streams but has audio alone"),
    ({"streams": "video", "fusion": "late"}, "late fusion must have both streams"),
    ({"lip_region": 0.0}, "must be above 0 and at most 1 but is 0.0"),
    ({"lip_region": 1.5}, "but is 1.5"),
    ({"encoders": "none", "fusion": "early"}, "must go without early fusion"),
])  # fmt: skip
def test_settings_that_contradict_each_other_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        AVDCNN.build(replace(BASE, **settings))
