"""Every kind of model is what its line of the registry says."""

import subprocess
import sys

import pytest

from avse.errors import ConfigError
from avse.models import graphs
from avse.models.avdcnn import AVDCNN, AVDCNNConfig
from avse.models.enhancers import load_enhancer
from avse.models.enhancing import CausalModel, SpectralModel
from avse.models.pretrained import graph_of
from avse.models.registry import MODELS


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_place_holds_the_model_of_that_name(name):
    assert MODELS[name].network.name == name


@pytest.mark.parametrize("name", ["live", "steered"])
def test_causal_is_what_enhances_frame_by_frame(name):
    assert MODELS[name].is_causal
    assert isinstance(load_enhancer(name), CausalModel)


def test_what_sees_a_recording_in_pieces_is_not_causal():
    model = AVDCNN.build(AVDCNNConfig())
    assert isinstance(model, SpectralModel)
    assert not isinstance(model, CausalModel)
    assert not MODELS["avdcnn"].is_causal


def test_asking_what_there_is_loads_nothing_heavy():
    code = "import sys, avse.models.registry, egs.run; print({'torch', 'numpy', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_a_graph_of_a_model_without_a_way_to_load_it_is_refused(monkeypatch):
    monkeypatch.setitem(MODELS, "live", MODELS["live"]._replace(load_graph=None))
    with pytest.raises(ConfigError, match=r"live.onnx must be of one of steered but is of live"):
        graphs.load_graph(graph_of("live"))
