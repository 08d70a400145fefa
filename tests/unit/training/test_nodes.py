"""Two launchers, as on two machines: they end as one machine does, also when a process of one of them is killed."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest
import torch
from children import together

from avse.errors import ConfigError
from avse.media.tensors import read_tensors
from avse.training.processes import processes

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("nodes_program.py")
KINDS = ["whole", "sharded"]
LIMIT_S = 300
"""For a training of a few seconds: most is the start of Python, seven times on two cores that others may use."""

on_torchrun = pytest.mark.skipif(sys.platform == "win32", reason="torchrun on Windows wants a build with libuv")


def _train(folder, *, n_nodes, per_node):
    """A training of each kind, shared by launchers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = {
        **os.environ, "OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(PROGRAM.parent)]),
    }  # fmt: skip
    command = [sys.executable, "-m", PROGRAM.stem, str(n_nodes), str(per_node), str(port), str(folder), *KINDS]
    together([command] * n_nodes, folder=folder, timeout=LIMIT_S, envs=[environment] * n_nodes)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of trainings on one machine, and on two of which one process is killed in each training."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    _train(one, n_nodes=1, per_node=2)
    for kind in KINDS:
        (two / kind).mkdir()
        (two / kind / "kill").touch()
    _train(two, n_nodes=2, per_node=1)
    return one, two


def _best(folder):
    tensors, header = read_tensors(folder / "best.safetensors")
    return {name: tensor for name, tensor in tensors.items() if name.startswith("model.")}, header["step"]


@on_torchrun
@pytest.mark.parametrize("kind", KINDS)
def test_two_nodes_and_a_killed_process_end_with_the_weights_of_one_machine(runs, kind):
    one, two = (folder / kind for folder in runs)
    assert not (two / "kill").exists(), "rank 1 was killed"
    (weights, step), (others, other_step) = _best(one), _best(two)
    assert step == other_step
    assert weights.keys() == others.keys()
    assert all(torch.equal(tensor, others[name]) for name, tensor in weights.items())


@on_torchrun
def test_each_rank_writes_its_own_part(runs):
    _, two = (folder / "sharded" for folder in runs)
    pointed = json.loads((two / "last.json").read_text())
    assert pointed == {"step": 18, "n_ranks": 2}
    names = sorted(path.name for path in (two / "last-000000018").iterdir())
    assert names == ["part-1-of-2.safetensors", "part-2-of-2.safetensors"]
    assert [path.name for path in two.glob("last-*")] == ["last-000000018"]
    parts = [read_tensors(two / "last-000000018" / name)[0] for name in names]
    best, step = _best(two)
    # The best weights are the average, which each part has its rows of.
    assert step == 18
    assert torch.equal(torch.cat([part["mean.layers.1.weight"] for part in parts]), best["model.layers.1.weight"])


def test_restarts_that_may_hang_are_refused(monkeypatch):
    ranks = {"LOCAL_WORLD_SIZE": "1", "WORLD_SIZE": "2", "TORCHELASTIC_USE_AGENT_STORE": "True"}
    for name, value in ranks.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "0")
    assert processes(sharded=False) == {"strategy": "ddp", "devices": 1, "num_nodes": 2}
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "1")
    with pytest.raises(ConfigError, match="set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"):
        processes(sharded=False)
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "False")
    assert processes(sharded=False)["num_nodes"] == 2


def test_parts_of_another_number_of_processes_are_refused(tmp_path):
    from avse.training.parts import PartedCheckpoint

    (tmp_path / "last.json").write_text('{"step": 3, "n_ranks": 2}\n')
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.Adam(model.parameters())
    checkpoint = PartedCheckpoint(tmp_path, rank=0, n_ranks=1, barrier=lambda: None)
    with pytest.raises(ConfigError, match=r"must continue with 2 processes, .* but there are 1"):
        checkpoint.load(model=model, optimizer=optimizer)


def test_a_kill_while_parts_are_written_leaves_the_checkpoint_before(tmp_path):
    from avse.training.parts import PartedCheckpoint

    torch.manual_seed(0)
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    checkpoint = PartedCheckpoint(tmp_path, rank=0, n_ranks=1, barrier=lambda: None)
    checkpoint.save(model=model, optimizer=optimizer, step=1, progress={"best_loss": 0.5})
    saved = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    class KilledError(Exception):
        pass

    def killed():
        raise KilledError

    optimizer.step()
    dying = PartedCheckpoint(tmp_path, rank=0, n_ranks=1, barrier=killed)
    with pytest.raises(KilledError):
        dying.save(model=model, optimizer=optimizer, step=2, progress={})
    assert checkpoint.load(model=model, optimizer=optimizer) == (1, {"best_loss": 0.5})
    assert all(torch.equal(saved[name], tensor) for name, tensor in model.state_dict().items())
