"""Every causal model by its graphs gives what its weights give, on a whole video."""

import numpy as np
import pytest
import torch

from avse.cli import export as command
from avse.enhance.enhancer import Enhancer
from avse.models import zoo
from avse.models.gtcrn import Gtcrn, GtcrnConfig
from avse.models.pretrained import files_of
from avse.models.steered import Steered, SteeredConfig

CORE = GtcrnConfig(channels=8)


def _models():
    torch.manual_seed(1)
    core = Gtcrn.build(CORE)
    steered = Steered(SteeredConfig(core=CORE, n_blocks=1), core=core)
    torch.nn.init.normal_(steered.change.last.weight, std=0.5)
    return {"gtcrn": core, "steered": steered}


@pytest.fixture(scope="module", params=["gtcrn", "steered"])
def both(request, tmp_path_factory):
    """Weights and graphs of a model."""
    folder = tmp_path_factory.mktemp("export")
    weights, graph = folder / "model.safetensors", folder / "model.onnx"
    zoo.save(weights, _models()[request.param].eval(), half=True)
    assert command.main([str(weights), "-o", str(graph)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "model.safetensors"]
    return weights, graph


def test_graphs_enhance_a_video_as_the_weights_do(both, media):
    one, other = (Enhancer.load(str(path)).enhance_recording(media / "talk.mp4") for path in both)
    assert one.mouth.present.any()
    np.testing.assert_allclose(one.waveform, other.waveform, atol=1e-4)
    assert np.abs(one.waveform).max() > 1e-3


def test_what_a_graph_depends_on_holds_the_lips(both):
    names = [path.name for path in files_of(str(both[1])) if path.is_file()]
    assert {"model.onnx", "lip_cue.onnx", "lip_cue.voice.onnx"} <= {*names}
