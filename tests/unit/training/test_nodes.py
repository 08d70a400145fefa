"""Two launchers, as on two machines: they end as one machine does, also when a process of one of them is killed."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from avse.media.tensors import read_tensors

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("nodes_program.py")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="torchrun on Windows wants a build with libuv")


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _start(n_nodes, per_node, folder, kind):
    folder.mkdir(exist_ok=True)
    port = _free_port()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nnodes", str(n_nodes), "--nproc-per-node", str(per_node),
        "--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{port}", "--rdzv-id", "test", "--max-restarts", "2",
        str(PROGRAM), str(folder), kind,
    ]  # fmt: skip
    return [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(n_nodes)
    ]


def _end(nodes):
    printed = [node.communicate(timeout=500)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0] * len(nodes), printed[0][-3000:]
    return printed


def _best(folder):
    tensors, header = read_tensors(folder / "best.safetensors")
    return {name: tensor for name, tensor in tensors.items() if name.startswith("model.")}, header["step"]


@pytest.mark.parametrize("kind", ["whole", "sharded"])
def test_two_nodes_and_a_killed_process_end_with_the_weights_of_one_machine(tmp_path, kind):
    _end(_start(1, 2, tmp_path / "one", kind))
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "kill").touch()
    _end(_start(2, 1, tmp_path / "two", kind))
    assert not (tmp_path / "two" / "kill").exists(), "rank 1 was killed"
    (one, step), (two, other_step) = _best(tmp_path / "one"), _best(tmp_path / "two")
    assert step == other_step
    assert all(torch.equal(one[name], two[name]) for name in one)
    if kind == "sharded":
        pointed = json.loads((tmp_path / "two" / "last.json").read_text())
        assert pointed == {"step": 18, "n_ranks": 2}
        names = sorted(path.name for path in (tmp_path / "two" / "last-000000018").iterdir())
        assert names == ["part-1-of-2.safetensors", "part-2-of-2.safetensors"]
        assert [path.name for path in (tmp_path / "two").glob("last-*")] == ["last-000000018"]
        parts = [read_tensors(tmp_path / "two" / "last-000000018" / name)[0] for name in names]
        # The best weights are the average, which each part has its rows of.
        assert step == 18
        joined = torch.cat([part["mean.layers.1.weight"] for part in parts])
        assert torch.equal(joined, two["model.layers.1.weight"])


def test_parts_of_another_number_of_processes_are_refused(tmp_path):
    from avse.errors import ConfigError
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
