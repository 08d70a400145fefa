"""A training that fails says so, and results are used again only if the same settings and data made them."""

import dataclasses
import json
import os
import socket
import sys
from pathlib import Path

import pytest
import torch
import yaml
from audio_files import ROOT
from children import together
from lightning_fabric import seed_everything
from lightning_fabric.plugins.precision import Precision

from avse.errors import ConfigError
from avse.media.tensors import read_tensors
from avse.training.loop import fit
from avse.training.loop_config import LoopConfig
from avse.training.run import Run
from avse.training.settings import check_same, digests
from recipes import training

LOOP = LoopConfig(
    n_epochs=4, batch_size=4, warmup_steps=2, precision="32-true", checkpoint_every_steps=3, validate_every_epochs=1
)


@dataclasses.dataclass(frozen=True)
class Config:
    folder: Path
    manifest: Path
    loop: LoopConfig = LOOP


class Line(torch.utils.data.Dataset):
    """Points of y = 3 x - 1."""

    def __init__(self, n=24):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, key):
        x = torch.randn(8, generator=torch.Generator().manual_seed(1000 * key[0] + key[1]))
        return x, 3 * x - 1


def _loss(model, batch):
    return (model(batch[0].unsqueeze(-1)).squeeze(-1) - batch[1]).square().mean()


def _fit(folder, *, loop=LOOP, validate=lambda _: {"loss": 1.0}, loss_step=_loss, n=24):
    seed_everything(loop.seed, verbose=False)
    config = Config(folder, folder.parent / "manifest.jsonl", loop)
    config.manifest.touch()
    model = torch.nn.Linear(1, 1)
    return fit(
        model, dataset=Line(n), collate=torch.utils.data.default_collate, loss_step=loss_step, validate=validate,
        config=loop, run=Run(folder, config=config),
    )  # fmt: skip


class StoppedError(Exception):
    """Stands for a power cut."""


def _stop_at(step):
    calls = 0

    def loss_step(model, batch):
        nonlocal calls
        calls += 1
        if calls > step:
            raise StoppedError
        return _loss(model, batch)

    return loss_step


# Numbers that are none


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_validation_loss_that_is_no_number_is_an_error(tmp_path, value):
    with pytest.raises(ConfigError, match=r"validation loss must be finite but is (nan|inf) at step 6"):
        _fit(tmp_path / "run", validate=lambda _: {"loss": value})
    assert not (tmp_path / "run/best.safetensors").exists()


def test_weights_that_are_no_numbers_are_an_error_and_replace_no_good_ones(tmp_path):
    calls = 0

    def loss_step(model, batch):
        nonlocal calls
        calls += 1
        return _loss(model, batch) * (float("nan") if calls == 5 else 1)

    with pytest.raises(ConfigError, match="weights must be finite but are not at step 6"):
        _fit(tmp_path / "run", loss_step=loss_step)
    tensors, header = read_tensors(tmp_path / "run/last.safetensors")
    assert header["step"] == 3
    assert all(torch.isfinite(t).all() for name, t in tensors.items() if name.startswith("model."))


# Another run in the folder of one


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": 8}, "loop.batch_size was 4 but is 8"),
        ({"seed": 7}, "loop.seed was 1 but is 7"),
        ({"learning_rate": 0.5}, "loop.learning_rate was 0.001 but is 0.5"),
        ({"ema_decay": 0.9}, "loop.ema_decay was None but is 0.9"),
        ({"clip_norm": 1.0}, "loop.clip_norm was 5.0 but is 1.0"),
        ({"n_epochs": 5}, "loop.n_epochs was 4 but is 5"),
    ],
)
def test_resuming_under_other_settings_is_refused_with_both_values(tmp_path, change, words):
    with pytest.raises(StoppedError):
        _fit(tmp_path / "run", loss_step=_stop_at(7))
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    with pytest.raises(ConfigError, match="must continue as begun but") as caught:
        _fit(tmp_path / "run", loop=dataclasses.replace(LOOP, **change))
    assert words in str(caught.value)
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("change", [{"max_minutes": 9.0}, {"n_workers": 1}, {"checkpoint_every_steps": 50}])
def test_what_changes_no_number_may_change(tmp_path, change):
    with pytest.raises(StoppedError):
        _fit(tmp_path / "run", loss_step=_stop_at(7))
    assert _fit(tmp_path / "run", loop=dataclasses.replace(LOOP, **change)).finished


def test_a_run_that_has_no_results_yet_may_be_begun_otherwise(tmp_path):
    with pytest.raises(StoppedError):
        _fit(tmp_path / "run", loss_step=_stop_at(1))
    assert _fit(tmp_path / "run", loop=dataclasses.replace(LOOP, seed=7)).finished
    assert yaml.safe_load((tmp_path / "run/config.yaml").read_text())["loop"]["seed"] == 7


def test_other_data_are_refused_by_their_content_and_their_number(tmp_path):
    with pytest.raises(StoppedError):
        _fit(tmp_path / "run", loss_step=_stop_at(7))
    with pytest.raises(ConfigError, match="n_examples was 24 but is 32"):
        _fit(tmp_path / "run", n=32)
    (tmp_path / "manifest.jsonl").write_text("another")
    with pytest.raises(ConfigError, match="manifest holds other data than then"):
        _fit(tmp_path / "run")


def test_data_that_only_moved_are_the_same(tmp_path):
    for name in ("here", "there"):
        (tmp_path / name / "crops").mkdir(parents=True)
        (tmp_path / name / "crops/a.npz").write_bytes(b"crops")
    here, there = (Config(tmp_path, tmp_path / name / "crops") for name in ("here", "there"))
    Run(tmp_path / "run", config=here)
    (tmp_path / "run/last.safetensors").touch()
    check_same(tmp_path / "run", config=there, inputs=digests(there))
    (tmp_path / "there/crops/a.npz").write_bytes(b"CROPS")
    with pytest.raises(ConfigError, match="manifest holds other data"):
        check_same(tmp_path / "run", config=there, inputs=digests(there))


def test_finished_weights_are_taken_again_only_for_the_same_settings(tmp_path, capsys):
    arguments = ["--folder", str(tmp_path / "run"), "--manifest", str(tmp_path / "manifest.jsonl")]
    (tmp_path / "manifest.jsonl").touch()
    trained = []

    def main(config):
        trained.append(config.loop.seed)
        Run(config.folder, config=config)
        (config.folder / "model.safetensors").touch()

    def program(*more):
        before, sys.argv = sys.argv, ["train", *arguments, *more]
        try:
            return training.program(main, Config), capsys.readouterr().err
        finally:
            sys.argv = before

    assert program() == (0, "")
    assert program() == (0, f"{tmp_path / 'run'} is finished, with these settings and data\n")
    code, err = program("--loop.seed", "2")
    assert code == 2
    assert "loop.seed was 1 but is 2" in err
    assert trained == [1]


# 16 bit


def test_the_scaler_of_16_bit_training_survives_a_kill(tmp_path, monkeypatch):
    # CPUs have no 16-bit training: a scaler that only has a state stands for the GPU's.
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=100)
    monkeypatch.setattr(Precision, "state_dict", lambda _: scaler.state_dict())
    monkeypatch.setattr(Precision, "load_state_dict", lambda _, state: scaler.load_state_dict(state))
    scaler._init_growth_tracker = 7
    state = scaler.state_dict()
    with pytest.raises(StoppedError):
        _fit(tmp_path / "run", loss_step=_stop_at(7))
    scaler.load_state_dict({**state, "scale": 65536.0, "_growth_tracker": 0})
    with pytest.raises(StoppedError):
        _fit(tmp_path / "run", loss_step=_stop_at(0))
    assert scaler.state_dict() == state
    assert (state["scale"], state["_growth_tracker"]) == (1024.0, 7)


# Several processes

RANKS = """
import dataclasses, sys, time, torch
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_honest_runs as t
import avse.training.checkpoint as checkpoint
from avse.training import loop as module
from avse.training.loop_config import LoopConfig
import os
# Everything is imported; one process for each rank from here on.
rank = 0 if (child := os.fork()) else 1
os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
slow = module._Trainer._minutes
# Clocks differ: rank 1 would be out of time much sooner than rank 0.
module._Trainer._minutes = lambda self: slow(self) + (99 if rank == 1 else 0)
kept = []
write = checkpoint.write_tensors
before = checkpoint.gathered
def counted(tensor):
    whole = before(tensor)
    kept.append(whole)
    return whole
loop = dataclasses.replace(t.LOOP, max_minutes=50.0, sharded={sharded})
result = t._fit(Path({folder!r}), loop=loop)
os.write(1, f"finished {{result.finished}}\\n".encode())  # at once: two processes write
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("sharded", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_ranks_agree_on_when_the_time_is_up(tmp_path, sharded):
    script = tmp_path / "ranks.py"
    text = RANKS.format(tests=str(Path(__file__).parent), folder=str(tmp_path / "run"), sharded=sharded)
    script.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", "GROUP_RANK": "0",
        "TORCHELASTIC_RUN_ID": "test", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }  # fmt: skip
    (done,) = together([[sys.executable, str(script)]], folder=tmp_path, timeout=300, envs=[environment])
    assert done.stdout.count("finished True") == 2
    assert json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[0])["step"] == 3


def test_a_process_that_does_not_write_keeps_no_whole_tensors(tmp_path, monkeypatch):
    import weakref

    from avse.training import checkpoint

    alive, most = [], [0]

    def gathered(tensor):
        whole = tensor.detach().clone()
        alive.append(weakref.ref(whole))
        most[0] = max(most[0], sum(reference() is not None for reference in alive))
        return whole

    monkeypatch.setattr(checkpoint, "gathered", gathered)
    model = torch.nn.Sequential(*[torch.nn.Linear(4, 4) for _ in range(6)])
    optimizer = torch.optim.Adam(model.parameters())
    checkpoint.save_checkpoint(None, model=model, optimizer=optimizer, step=0, progress={})
    assert len(alive) == 12
    assert most[0] <= 2
