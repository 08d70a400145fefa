"""Two processes, started as users start them: whole networks on each or shared out, they end with the same weights."""

import json
import os
import sys
from pathlib import Path

import pytest
import torch
from children import together

from avse.media.tensors import read_tensors

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("vatt_program.py")


def _options(folder, shards, *more):
    return [
        "--config", str(ROOT / "egs/toy/conf/vatt.yaml"), "--folder", str(folder), "--shards", str(shards),
        "--loop.n_epochs", "2", "--loop.batch_size", "8", "--loop.checkpoint_every_steps", "1",
        "--loop.validate_every_epochs", "1", "--loop.ema_decay", "0.5", *more,
    ]  # fmt: skip


@pytest.mark.slow  # a minute; test_nodes.py shares out the live model, in make test
@pytest.mark.skipif(sys.platform == "win32", reason="torchrun on Windows wants a build with libuv")
def test_ddp_and_fsdp_end_with_the_same_weights_and_continue_after_a_stop(vatt_shards, tmp_path):
    sharded = ["--loop.sharded", "true"]
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", str(PROGRAM),
        *_options(tmp_path / "ddp", vatt_shards), "--",
        *_options(tmp_path / "fsdp", vatt_shards, *sharded, "--loop.max_minutes", "0"), "--",
        *_options(tmp_path / "fsdp", vatt_shards, *sharded),
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    (done,) = together([command], folder=tmp_path, timeout=900, envs=[environment])
    assert done.stderr.count("wrote ") == 2, "one process writes, each of the two runs once"
    # Clips that do not fill a batch on both are skipped on both, and this is reported.
    assert " of them fill no step and wait for the next" in done.stderr
    whole, _ = read_tensors(tmp_path / "ddp" / "model.safetensors")
    shared, _ = read_tensors(tmp_path / "fsdp" / "model.safetensors")
    assert whole.keys() == shared.keys()
    for name, tensor in whole.items():
        torch.testing.assert_close(shared[name], tensor, atol=2e-3, rtol=1e-2, msg=lambda m, n=name: f"{n}: {m}")
    rows = [json.loads(line) for line in (tmp_path / "fsdp" / "log.jsonl").read_text().splitlines()]
    assert [row["finished"] for row in rows if row.get("event") == "stopped"] == ["False", "True"]
    log = [json.loads(line) for line in (tmp_path / "ddp" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in log if "step" in row] == [2, 4]
