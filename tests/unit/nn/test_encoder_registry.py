"""One list of encoders: models hold nothing else, and begin each other strictly."""

from dataclasses import replace

import pytest
import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from avse.models.avdcnn_config import AVDCNNConfig
from avse.models.encoders import encoder_of
from avse.models.lip_cue import LipCue, LipCueConfig
from avse.models.live import Live, LiveConfig
from avse.models.transfer import core_of, with_encoder
from avse.models.vatt import VATT, VATTConfig
from avse.nn.encoders.pretrained import CropTokensConfig
from avse.nn.encoders.registry import ENCODERS, build_encoder

TINY = VATTConfig(
    video="tiny", audio="tiny", text="tiny", n_frames=24, fps=25, height=32, width=48, n_samples=1280,
    sample_rate=16000, vocabulary=64, dims=(16, 8),
)  # fmt: skip
TOKENS = CropTokensConfig()
SIZES = {
    "mouth_cnn": {"dim": 16},
    "lip_cnn": {},
    "video_tokens": {},
    "clip_tokens": {"n_frames": 24, "moving": True},
    "spectrum_cnn": {},
    "voice": {"dim": 16},
    "waveform_tokens": {"size": "tiny", "patch": 128, "n_positions": 8, "rate_hz": 16000.0},
    "waveform_rows": {"size": "tiny", "patch": 128, "n_positions": 10, "rate_hz": 16000.0, "n_pooled": 5},
    "word_tokens": {"size": "tiny", "n_words": 4, "vocabulary": 20},
    "word_rows": {"size": "tiny", "n_words": 4, "vocabulary": 20},
    "series_cnn": {"n_channels": 2, "rate_hz": 8.0},
    "series_gru": {"n_channels": 2, "rate_hz": 8.0},
    "series_transformer": {"n_channels": 2, "rate_hz": 8.0},
}


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_is_built_from_plain_numbers(name):
    encoder = build_encoder(name, **SIZES[name])
    assert encoder.dim > 0
    assert hasattr(encoder, "frame_rate_hz")


def test_names_and_sizes_that_are_not_there():
    with pytest.raises(ConfigError, match="must be one of mouth_cnn"):
        build_encoder("resnet")
    with pytest.raises(ConfigError, match="sizes of encoder mouth_cnn must be those of its class"):
        build_encoder("mouth_cnn", depth=3)


def _models():
    tokens = {"tokens": TOKENS}
    yield AVDCNN.build(AVDCNNConfig())
    yield AVDCNN.build(AVDCNNConfig(lip_height=32, lip_width=48, **tokens))
    yield AVDCNN.build(AVDCNNConfig(lip_height=32, lip_width=48, mouth_widths=(12, 24, 40)))
    yield Live.build(LiveConfig())
    yield Live.build(LiveConfig(**tokens))
    yield LipCue.build(LipCueConfig())
    yield LipCue.build(LipCueConfig(**tokens))
    yield VATT.build(TINY)


def test_models_hold_encoders_of_the_list_alone():
    kinds = {type(core_of(build_encoder(name, **SIZES[name]))) for name in ENCODERS}
    for model in _models():
        assert type(core_of(encoder_of(model, "video"))) in kinds


@pytest.mark.parametrize(
    "target",
    [
        Live.build(LiveConfig(mouth_widths=(12, 24, 40))),
        AVDCNN.build(AVDCNNConfig(lip_height=32, lip_width=48, mouth_widths=(12, 24, 40))),
        LipCue.build(LipCueConfig()),
    ],
    ids=["live", "avdcnn", "lip_cue"],
)
def test_models_begin_with_the_cue_networks_eyes(target):
    with_encoder(target, "lip_cue")
    wanted = zoo.load("lip_cue").video.state_dict()
    found = core_of(encoder_of(target, "video")).state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize(
    "target",
    [
        Live.build(LiveConfig(tokens=TOKENS)),
        AVDCNN.build(AVDCNNConfig(lip_height=32, lip_width=48, tokens=TOKENS)),
        LipCue.build(LipCueConfig(tokens=TOKENS)),
    ],
    ids=["live", "avdcnn", "lip_cue"],
)
def test_models_begin_with_vatts_eyes(target, tmp_path):
    vatt = VATT.build(TINY)
    zoo.save(tmp_path / "v.safetensors", vatt)
    with_encoder(target, str(tmp_path / "v.safetensors"))
    found = core_of(encoder_of(target, "video")).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in vatt.encoder("video").state_dict().items())


def test_what_does_not_fit_is_refused_whole():
    live = Live.build(LiveConfig())
    before = {name: tensor.clone() for name, tensor in live.state_dict().items()}
    with pytest.raises(ConfigError, match=r"must be of the kind and sizes .*MouthCNN against MouthCNN, .*weight"):
        with_encoder(live, "lip_cue")
    assert all(torch.equal(tensor, before[name]) for name, tensor in live.state_dict().items())
    with pytest.raises(ConfigError, match="LipCNN against MouthCNN"):
        with_encoder(live, "avdcnn")
    with pytest.raises(ConfigError, match="live must have an encoder of text but has none"):
        with_encoder(live, "lip_cue", modality="text")


def test_configurations_with_other_encoders_come_back_from_their_files(tmp_path):
    for number, model in enumerate(_models()):
        zoo.save(tmp_path / f"{number}.safetensors", model)
        assert zoo.load(str(tmp_path / f"{number}.safetensors")).config == model.config


def test_avdcnn_with_a_mouth_encoder_gives_chunks_what_the_whole_gives():
    torch.manual_seed(0)
    config = AVDCNNConfig(lip_height=32, lip_width=48, mouth_widths=(12, 24, 40), normalisation_radius=5)
    model = AVDCNN.build(replace(config, hidden=(16, 8), lip_output=False)).eval()
    frames = torch.rand(1, 40, 3, 32, 48)
    whole = model.video(frames)
    start = 20
    around = frames[:, start - model.context_frames :]
    torch.testing.assert_close(model.video(around)[:, model.context_frames :], whole[:, start:], atol=1e-5, rtol=1e-4)
    other = frames.clone()
    other[:, 30:] = 0.5
    assert torch.equal(model.video(other)[:, :30], whole[:, :30])  # causal
