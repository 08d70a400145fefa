"""Weights of networks that nobody trained."""

import pytest


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Weights of a small AVDCNN that nobody trained."""
    import torch

    from avse.models import zoo
    from avse.models.avdcnn import AVDCNN
    from avse.models.avdcnn_config import AVDCNNConfig

    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    torch.manual_seed(0)
    zoo.save(path, AVDCNN.build(AVDCNNConfig(normalisation_radius=20)))
    return path


@pytest.fixture(scope="session")
def live_weights(tmp_path_factory):
    """Weights of a live model that nobody trained, with statistics as if it had seen something."""
    import torch

    from avse.models import zoo
    from avse.models.live import Live, LiveConfig

    path = tmp_path_factory.mktemp("live") / "live.safetensors"
    torch.manual_seed(0)
    model = Live.build(LiveConfig(channels=8, band_state_dim=4, state_dim=16, video_dim=12, gate_dim=8))
    model(torch.randn(4, 257, 30, dtype=torch.complex64), torch.randn(4, 12, 2, 32, 48), torch.ones(4, 12))
    zoo.save(path, model)
    return path


@pytest.fixture(scope="session")
def live_graph(live_weights):
    """The same model as graphs."""
    from avse.models import zoo
    from avse.models.live_onnx import export

    path = live_weights.with_suffix(".onnx")
    export(zoo.load(str(live_weights)), path)
    return path
