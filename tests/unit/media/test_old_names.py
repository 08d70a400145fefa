"""Files that were written under old names load: weights, graphs, checkpoints, runs, and the manifest of a training."""

import json
from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from avse.data.manifest import read_manifest
from avse.errors import ConfigError
from avse.media.old_names import current_settings, current_tensor_name
from avse.models import zoo
from avse.models.graphs import load_graph
from avse.models.pretrained import PRETRAINED
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


def test_a_manifest_of_old_loads(tmp_path):
    line = {"id": "s1_bbaf3s", "split": "train", "audio": "av/grid/s1/bbaf3s.mkv", "licence": "CC-BY-4.0",
            "video": "av/grid/s1/bbaf3s.mkv", "speaker": "s1", "text": "bin blue", "duration_s": 3.0}  # fmt: skip
    (tmp_path / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    assert read_manifest(tmp_path / "manifest.jsonl")[0].duration_s == 3.0
