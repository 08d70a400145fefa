"""Manifests and weights from elsewhere: nothing leads out of a folder, nothing takes memory without filling it."""

import json
import time

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from avse.data.manifest import read_manifest, read_mixtures
from avse.errors import ConfigError
from avse.media.tensors import write_tensors
from avse.models import sizes, zoo
from avse.models.avdcnn import AVDCNN
from avse.models.avdcnn_config import AVDCNNConfig
from avse.models.pretrained import names
from avse.models.registry import MODELS
from avse.signal import normalise

ITEM = {"id": "a", "split": "train", "audio": "a.wav", "licence": "CC0-1.0", "speaker": "s"}
MIXTURE = {"id": "m", "clip": "a", "split": "test", "noise_type": "n", "noise": [{"path": "n.wav", "offset_s": 0.0}],
           "snr_db": 0.0}  # fmt: skip


def _written(path, row):
    path.write_text(json.dumps(row) + "\n")
    return path


@pytest.mark.parametrize(
    "name", ["../a", "/etc/a", "a/../../b", "..", ".", "", "a//b", "a\\..\\b", "C:a", "a\nb", "a\0b"]
)
def test_ids_that_leave_their_folder_are_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="must name a file within a folder"):
        read_manifest(_written(tmp_path / "m.jsonl", {**ITEM, "id": name}))
    for field in ("id", "clip"):
        with pytest.raises(ConfigError, match="must name a file within a folder"):
            read_mixtures(_written(tmp_path / "m.jsonl", {**MIXTURE, field: name}))


@pytest.mark.parametrize("name", ["a", "s1/a b", "s1_bgaa8p__baby_cry__+0dB", "ä 音", "a..b", ".a"])
def test_other_ids_are_taken(tmp_path, name):
    assert read_manifest(_written(tmp_path / "m.jsonl", {**ITEM, "id": name}))[0].id == name


@pytest.mark.parametrize("path", ["../secret.wav", "a/../../b.wav", "a\\..\\..\\b.wav", "a\0.wav"])
def test_paths_that_leave_the_data_are_refused(tmp_path, path):
    for row in ({**ITEM, "audio": path}, {**ITEM, "video": path}):
        with pytest.raises(ConfigError, match="must stay in the data folder"):
            read_manifest(_written(tmp_path / "m.jsonl", row))
    noise = [{"path": path, "offset_s": 0.0}]
    with pytest.raises(ConfigError, match="must stay in the data folder"):
        read_mixtures(_written(tmp_path / "m.jsonl", {**MIXTURE, "noise": noise}))


def test_absolute_paths_must_lie_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.delenv("AVSE_VIDEOS", raising=False)
    row = {**ITEM, "audio": str(tmp_path / "videos/a.mp4")}
    (tmp_path / "exp").mkdir()
    manifest = _written(tmp_path / "exp/m.jsonl", row)
    with pytest.raises(ConfigError, match="must lie in a folder that AVSE_DATA, AVSE_VIDEOS"):
        read_manifest(manifest)
    monkeypatch.setenv("AVSE_VIDEOS", str(tmp_path / "videos"))
    assert read_manifest(manifest)[0].audio == row["audio"]
    monkeypatch.delenv("AVSE_VIDEOS")
    nearby = {**ITEM, "audio": str(tmp_path / "exp/talker/a.wav")}
    assert read_manifest(_written(manifest, nearby))[0].audio == nearby["audio"]


def _weights(path, config, model="avdcnn"):
    write_tensors(path, {"a": torch.zeros(3)}, header={"model": model, "config": config})
    return str(path)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("live", {"channels": 2_000_000_000}),
        ("live", {"state_dim": 9_000_000}),
        ("live", {"channels": 50_000, "state_dim": 50_000}),
        ("live", {"channels": -5}),
        ("live", {"channels": 0}),
        ("live", {"channels": "many"}),
        ("live", {"channels": 1e400}),
        ("vatt", {"dims": [9_000_000, 9_000_000]}),
        ("avdcnn", {"normalisation_radius": 10**30}),
        ("driver_stress", {"dim": 10**9}),
    ],
)
def test_weights_of_absurd_sizes_are_refused_before_memory_is_taken(tmp_path, model, config):
    import resource

    path = _weights(tmp_path / "w.safetensors", config, model)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(ConfigError, match="weights"):
        zoo.load(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB
    assert time.process_time() - started < 10


def test_a_header_that_is_nested_without_end_is_refused(tmp_path):
    config = {}
    for _ in range(50):
        config = {"a": config}
    with pytest.raises(ConfigError, match="nested"):
        zoo.load(_weights(tmp_path / "w.safetensors", config))


def test_numbers_of_parts_are_bounded_more_tightly_than_sizes(tmp_path):
    sizes.check_sizes({"config": {"n_samples": 5_000_000}}, path=tmp_path)
    with pytest.raises(ConfigError, match="n_layers of at most 1000 but have 5e"):
        sizes.check_sizes({"config": {"n_layers": 5_000_000}}, path=tmp_path)


# Apple's GPUs


class _NoFloat64(TorchDispatchMode):
    """Raises where a float64 tensor would lie on the device."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.dtype in (torch.float64, torch.complex128):
            raise TypeError(f"{function} makes {result.dtype}, which MPS does not hold")
        return result


def test_models_need_no_float64_on_the_device(monkeypatch):
    # The sliding mean is taken on the CPU there: here it stands outside of the watch.
    real = normalise._sliding_mean

    def on_the_cpu(features, *, radius):
        with torch.utils._python_dispatch._disable_current_modes():
            return real(features, radius=radius)

    monkeypatch.setattr(normalise, "_sliding_mean", on_the_cpu)
    torch.manual_seed(0)
    model = AVDCNN.build(AVDCNNConfig(normalisation_radius=20)).eval()
    with _NoFloat64():
        features = model.features(torch.randn(1, 257, 60, dtype=torch.complex64))
        lips = model.lips(torch.rand(1, 60, 3, 32, 48), torch.ones(1, 60, dtype=torch.bool))
        assert model(features.log_power, lips).log_power.shape == features.log_power.shape
    for name in MODELS:
        if name in names():
            assert {t.dtype for t in zoo.load(name).state_dict().values()}.isdisjoint({torch.float64})


def test_the_sliding_mean_is_the_same_where_the_device_holds_no_float64(monkeypatch):
    features = torch.randn(2, 3, 400)
    wanted = normalise._sliding_mean(features, radius=30)
    monkeypatch.setattr(normalise, "NO_FLOAT64", ("cpu",))
    torch.testing.assert_close(normalise._sliding_mean(features, radius=30), wanted)
