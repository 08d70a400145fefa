"""Files that were written under old names load: weights, graphs, checkpoints, runs, manifests, and embeddings."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from avse.data.manifest import NoiseCut, read_manifest, read_mixtures
from avse.errors import ConfigError
from avse.media.old_names import current_settings, current_tensor_name
from avse.models import zoo
from avse.models.graphs import load_graph
from avse.models.pretrained import PRETRAINED
from avse.search.embeddings import Embeddings, best
from avse.training.checkpoint import load_checkpoint, save_checkpoint
from avse.training.settings import check_same

OLD_LIVE = {"band_memory_dim": 32, "memory_dim": 112}


def _stored(path):
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["avse"])  # noqa: SIM118


@pytest.mark.parametrize(("name", "old"), [("live", "middle.0.place"), ("lip_cue", "video.picture.0.weight")])
def test_weights_with_old_names_load_whole(name, old):
    path = PRETRAINED / f"{name}.safetensors"
    tensors, _ = _stored(path)
    assert old in tensors, "the published file was written before the names changed"
    model = zoo.load(str(path))
    assert {current_tensor_name(name) for name in tensors} == model.state_dict().keys()
    torch.testing.assert_close(model.state_dict()[current_tensor_name(old)], tensors[old].float())


def test_a_configuration_with_old_names_sets_the_sizes():
    _, header = _stored(PRETRAINED / "live.safetensors")
    assert OLD_LIVE.items() <= header["config"].items()
    config = zoo.load("live").config
    assert (config.band_state_dim, config.state_dim) == (32, 112)


def test_graphs_with_an_old_header_load():
    path = PRETRAINED / "live.onnx"
    assert "picture_rate_hz" in onnx.load(path, load_external_data=False).metadata_props[0].value
    assert load_graph(path).video_rate_hz == 25


def test_a_checkpoint_with_old_names_resumes(tmp_path):
    model = zoo.load("live")
    optimizer = torch.optim.AdamW(model.parameters())
    path = tmp_path / "last.safetensors"
    save_checkpoint(path, model=model, optimizer=optimizer, step=7, progress={})
    tensors, header = _stored(path)
    old_of = {
        current_tensor_name(f"model.{name}"): f"model.{name}" for name in _stored(PRETRAINED / "live.safetensors")[0]
    }
    old = {old_of.get(name, name): tensor for name, tensor in tensors.items()}
    assert "model.guess.bias" in old
    save_file(old, path, metadata={"avse": json.dumps(header)})
    other = zoo.build({"model": "live", "config": {}}, path=path)
    assert load_checkpoint(path, model=other, optimizer=torch.optim.AdamW(other.parameters()))[0] == 7
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor)


@dataclass
class _Loss:
    band_energy: float


@dataclass
class _Config:
    folder: Path
    n_audio_only: int
    loss: _Loss


def test_a_run_with_old_settings_is_compared_under_the_new_names(tmp_path):
    (tmp_path / "config.yaml").write_text("n_sound_only: 600\nloss:\n  guess: 0.5\n")
    (tmp_path / "last.safetensors").touch()
    check_same(tmp_path, config=_Config(tmp_path, 600, _Loss(0.5)), inputs={})
    with pytest.raises(ConfigError, match=r"loss.band_energy was 0.5 but is 0.25"):
        check_same(tmp_path, config=_Config(tmp_path, 600, _Loss(0.25)), inputs={})
    assert current_settings({"n_sound_only": 1, "seed": 2}) == {"n_audio_only": 1, "seed": 2}


# As written before the manifest had `attribution` and `recording`, the only names that it did not have from the start.
OLD_MANIFEST = """
{"id": "s1_bbaf3s", "split": "train", "audio": "av/grid/s1/bbaf3s.mkv", "licence": "CC-BY-4.0", \
"video": "av/grid/s1/bbaf3s.mkv", "speaker": "s1", "text": "bin blue", "duration_s": 3.0}
{"id": "p1_001", "split": "valid", "audio": "av/voices/p1_001.wav", "licence": "CC-BY-4.0", "speaker": "p1"}
{"id": "rain_1", "split": "test_seen", "audio": "av/rain_1.wav", "licence": "CC0-1.0", "noise_type": "rain"}
"""
OLD_MIXTURES = """
{"id": "m", "clip": "s1_bbaf3s", "split": "test_seen", "noise_type": "rain", \
"noise": [{"path": "av/rain_1.wav", "offset_s": 0.5}], "snr_db": -5}
"""


def test_manifests_of_old_load(tmp_path):
    (tmp_path / "manifest.jsonl").write_text(OLD_MANIFEST.strip() + "\n")
    (tmp_path / "mixtures.jsonl").write_text(OLD_MIXTURES.strip() + "\n")
    clip, voice, noise = read_manifest(tmp_path / "manifest.jsonl")
    assert (clip.duration_s, clip.video, clip.attribution) == (3.0, clip.audio, None)
    assert (voice.speaker, voice.video, voice.is_speech) == ("p1", None, True)
    assert (noise.noise_type, noise.recording, noise.is_speech) == ("rain", None, False)
    (mixture,) = read_mixtures(tmp_path / "mixtures.jsonl")
    assert (mixture.snr_db, mixture.noise) == (-5.0, (NoiseCut("av/rain_1.wav", 0.5),))


def test_embeddings_written_by_hand_load_and_are_searched(tmp_path):
    to_audio = np.eye(3, 4, dtype=np.float32)
    np.savez(
        tmp_path / "clips.npz", path=np.array(["a.mp4", "a.mp4", "b.mp4"]), start_s=np.array([0.0, 3.2, 0.0]),
        end_s=np.array([3.2, 6.4, 3.2]), video_va=to_audio, audio_va=to_audio[::-1],
        video_vt=np.eye(3, 2, dtype=np.float32), model=np.array("0123abcd"),
    )  # fmt: skip
    embeddings = Embeddings.load(tmp_path / "clips.npz")
    assert (embeddings.model, embeddings.path.tolist()) == ("0123abcd", ["a.mp4", "a.mp4", "b.mp4"])
    assert embeddings.end_s.tolist() == [3.2, 6.4, 3.2]
    assert best(embeddings.audio_va[:1], embeddings.video_va, n=1) == [(2, 1.0)]
