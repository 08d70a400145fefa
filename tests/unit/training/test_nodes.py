"""Two launchers, as on two machines: they end as one machine does, also when a process of one of them is killed."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest
import safetensors
import torch
import torch.distributed.checkpoint
from children import together

from avse.errors import ConfigError
from avse.media.tensors import read_tensors
from avse.training.processes import processes

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("nodes_program.py")
WIDTH = 400
"""Of the program's network."""
KINDS = ["whole", "sharded"]
LIMIT_S = 600
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
    n_examples, per_step, n_epochs = 50, 8, 3  # of the program; two examples of an epoch fill no step
    assert (pointed["step"], pointed["n_ranks"]) == (n_epochs * (n_examples // per_step), 2)
    files = sorted((two / "last-000000018").iterdir())
    assert [path.name for path in two.glob("last-*")] == ["last-000000018"]
    # What PyTorch itself makes of the parts, whatever process wrote them: the best weights, which are the average.
    wanted = {"mean.layers.1.weight": torch.empty(WIDTH, WIDTH), "mean.layers.2.bias": torch.empty(1)}
    with pytest.warns(UserWarning, match=r"torch\.distributed is disabled"):
        torch.distributed.checkpoint.load(
            wanted, storage_reader=torch.distributed.checkpoint.HuggingFaceStorageReader(str(files[0].parent))
        )
    best, step = _best(two)
    assert step == 18
    assert all(torch.equal(wanted[name], best[name.replace("mean", "model")]) for name in wanted)
    # No process wrote the other's rows, and nothing is a pickle.
    assert [path.suffix for path in files] == [".safetensors"] * 2
    shapes = []
    for path in files:
        with safetensors.safe_open(path, framework="pt") as file:
            shapes.append(file.get_slice("mean.layers.1.weight").get_shape())
    assert shapes == [[WIDTH // 2, WIDTH]] * 2


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

    (tmp_path / "last.json").write_text('{"step": 3, "n_ranks": 2, "progress": {}, "optimizer": {}}\n')
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
    calls = 0

    def killed_at_the_end():
        nonlocal calls
        calls += 1
        if calls > 1:
            killed()

    dying = PartedCheckpoint(tmp_path, rank=0, n_ranks=1, barrier=killed_at_the_end)
    with pytest.raises(KilledError):
        dying.save(model=model, optimizer=optimizer, step=2, progress={})
    again = torch.optim.Adam(model.parameters())  # of a new process, which has no moments yet
    assert checkpoint.load(model=model, optimizer=again) == (1, {"best_loss": 0.5})
    assert again.state[model.weight]["step"] == 1
    assert torch.equal(again.state[model.weight]["exp_avg"], torch.full((2, 2), 0.1))
    assert all(torch.equal(saved[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("damage", ["model", "missing", "cut"])
def test_parts_that_are_damaged_or_of_another_model_are_one_line(tmp_path, damage):
    from avse.training.parts import PartedCheckpoint

    model = torch.nn.Linear(2, 2)
    checkpoint = PartedCheckpoint(tmp_path, rank=0, n_ranks=1, barrier=lambda: None)
    checkpoint.save(model=model, optimizer=torch.optim.Adam(model.parameters()), step=1, progress={})
    part = next((tmp_path / "last-000000001").iterdir())
    if damage == "model":
        model = torch.nn.Linear(2, 3)
    elif damage == "missing":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[:-10])
    with pytest.raises(ConfigError, match="must be whole and fit the model but does not") as error:
        checkpoint.load(model=model, optimizer=torch.optim.Adam(model.parameters()))
    assert "\n" not in str(error.value)


def test_a_part_that_two_encoders_share_is_kept_under_both_names(tmp_path):
    from avse.training.parts import PartedCheckpoint

    one = torch.nn.Linear(2, 2)
    model = torch.nn.ModuleDict({"audio": one, "video": one})
    checkpoint = PartedCheckpoint(tmp_path, rank=0, n_ranks=1, barrier=lambda: None)
    checkpoint.save(model=model, optimizer=torch.optim.Adam(model.parameters()), step=1, progress={})
    kept = one.weight.detach().clone()
    torch.nn.init.zeros_(one.weight)
    checkpoint.load(model=model, optimizer=torch.optim.Adam(model.parameters()))
    assert torch.equal(model["video"].weight, kept)
