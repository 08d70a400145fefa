"""A killed run resumes to the same weights; batches come in the order that the seed says."""

import dataclasses

import pytest
import torch
from lightning_fabric import seed_everything

from avse.errors import ConfigError
from avse.media.tensors import read_tensors
from avse.training import loop
from avse.training.loop import fit
from avse.training.loop_config import LoopConfig
from avse.training.run import Run
from avse.training.sampler import ResumableBatchSampler

CONFIG = LoopConfig(
    n_epochs=3,
    batch_size=4,
    warmup_steps=5,
    precision="32-true",
    checkpoint_every_steps=5,
    validate_every_epochs=1,
)


class Line(torch.utils.data.Dataset):
    """Points of y = 3 x - 1."""

    def __len__(self):
        return 30

    def __getitem__(self, key):
        x = torch.randn(8, generator=torch.Generator().manual_seed(1000 * key[0] + key[1]))
        return x, 3 * x - 1


class KilledError(Exception):
    """Stands for a power cut."""


def _train(folder, *, config=CONFIG, kill_at=None):
    seed_everything(config.seed, verbose=False)
    model = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Dropout(0.2), torch.nn.Linear(8, 1))
    calls = 0

    def loss_step(model, batch):
        nonlocal calls
        calls += 1
        if calls == kill_at:
            raise KilledError
        return (model(batch[0].unsqueeze(-1)).squeeze(-1) - batch[1]).square().mean()

    def validate(model):
        x = torch.linspace(-1, 1, 9)
        return {"loss": (model(x[:, None])[:, 0] - 3 * x + 1).square().mean().item()}

    result = fit(
        model, dataset=Line(), collate=torch.utils.data.default_collate, loss_step=loss_step,
        validate=validate, config=config, run=Run(folder, config=config),
    )  # fmt: skip
    return model.state_dict(), result


def test_a_killed_run_ends_with_the_same_weights_as_one_never_killed(tmp_path):
    whole, result = _train(tmp_path / "whole")
    assert result.finished
    with pytest.raises(KilledError):
        _train(tmp_path / "killed", kill_at=13)
    resumed, _ = _train(tmp_path / "killed")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    best, _ = read_tensors(tmp_path / "killed" / "best.safetensors")
    other, _ = read_tensors(tmp_path / "whole" / "best.safetensors")
    assert all(torch.equal(best[name], other[name]) for name in best if name.startswith("model."))


def test_time_limit_stops_with_a_checkpoint_and_the_next_call_continues(tmp_path):
    whole, _ = _train(tmp_path / "whole")
    hurried = dataclasses.replace(CONFIG, max_minutes=0.0)
    _, first = _train(tmp_path / "hurried", config=hurried)
    assert not first.finished
    resumed, second = _train(tmp_path / "hurried")
    assert second.finished
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_training_learns_and_a_finished_run_is_left_alone(tmp_path):
    _, result = _train(tmp_path / "run", config=dataclasses.replace(CONFIG, n_epochs=60, learning_rate=0.02))
    assert result.best_loss < 0.5
    log = (tmp_path / "run" / "log.jsonl").read_text()
    _, again = _train(tmp_path / "run", config=dataclasses.replace(CONFIG, n_epochs=60, learning_rate=0.02))
    assert again.best_loss == result.best_loss
    assert (tmp_path / "run" / "log.jsonl").read_text() == log


def test_checkpoint_of_another_model_is_refused(tmp_path):
    _train(tmp_path / "run")
    from avse.training.checkpoint import load_checkpoint

    other = torch.nn.Linear(2, 2)
    with pytest.raises(ConfigError, match="must fit the model but does not"):
        load_checkpoint(
            tmp_path / "run" / "last.safetensors", model=other, optimizer=torch.optim.Adam(other.parameters())
        )


def test_batches_from_the_middle_are_the_rest_of_the_batches_from_the_start():
    def batches(first, **kwargs):
        return list(ResumableBatchSampler(n_examples=10, batch_size=3, seed=5, first_step=first, last_step=9, **kwargs))

    assert batches(4) == batches(0)[4:]
    epoch = [index for batch in batches(0)[:3] for _, index in batch]
    assert len(set(epoch)) == 9
    assert batches(0)[0] != batches(3)[0]


def test_ranks_share_each_step_without_overlap():
    both = [
        list(ResumableBatchSampler(n_examples=12, batch_size=2, seed=5, first_step=0, last_step=3, rank=r, n_ranks=2))
        for r in (0, 1)
    ]
    one = list(ResumableBatchSampler(n_examples=12, batch_size=4, seed=5, first_step=0, last_step=3))
    assert [a + b for a, b in zip(*both, strict=True)] == one


def test_learning_rate_rises_then_falls_to_nothing():
    config = LoopConfig(learning_rate=1.0, warmup_steps=10)
    rates = [config.rate_at(step, 110) for step in range(110)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == pytest.approx(1.0)
    assert rates[60] == pytest.approx(0.5)
    assert rates[109] < 0.001


def test_batches_that_add_up_are_one_large_batch(tmp_path):
    # Without dropout, whose chances depend on the size of a batch.
    class Lines(Line):
        def __len__(self):
            return 32

    def train(folder, config):
        seed_everything(config.seed, verbose=False)
        model = torch.nn.Linear(1, 1)
        fit(
            model, dataset=Lines(), collate=torch.utils.data.default_collate,
            loss_step=lambda m, batch: (m(batch[0].unsqueeze(-1)).squeeze(-1) - batch[1]).square().mean(),
            validate=lambda m: {"loss": 0.0}, config=config, run=Run(folder, config=config),
        )  # fmt: skip
        return model.state_dict()

    large = train(tmp_path / "large", dataclasses.replace(CONFIG, batch_size=8))
    small = train(tmp_path / "small", dataclasses.replace(CONFIG, batch_size=2, accumulate_batches=4))
    for name, tensor in large.items():
        torch.testing.assert_close(small[name], tensor)
    other = train(tmp_path / "other", dataclasses.replace(CONFIG, batch_size=2, accumulate_batches=2))
    assert not torch.equal(other["weight"], large["weight"])


def test_a_quarter_of_a_cosine_falls_slowly_first():
    config = LoopConfig(learning_rate=1e-4, final_learning_rate=5e-5, schedule="quarter-cosine", warmup_steps=10)
    rates = [config.rate_at(step, 110) for step in range(111)]
    assert rates[0] == pytest.approx(1e-5)
    assert rates[10] == pytest.approx(1e-4)
    assert rates[60] == pytest.approx(5e-5 + 5e-5 * 0.5**0.5)
    assert rates[110] == pytest.approx(5e-5)
    half = [dataclasses.replace(config, schedule="half-cosine").rate_at(step, 110) for step in (60, 110)]
    assert half == [pytest.approx(7.5e-5), pytest.approx(5e-5)]


def test_the_mean_of_the_weights_is_what_is_validated_and_kept_and_survives_a_kill(tmp_path):
    config = dataclasses.replace(CONFIG, ema_decay=0.9)
    whole, _ = _train(tmp_path / "mean", config=config)
    plain, _ = _train(tmp_path / "plain")
    assert all(torch.equal(whole[name], plain[name]) for name in whole), "the training itself is the same"
    with pytest.raises(KilledError):
        _train(tmp_path / "killed", config=config, kill_at=13)
    _train(tmp_path / "killed", config=config)
    best, killed, own = (read_tensors(tmp_path / name / "best.safetensors")[0] for name in ("mean", "killed", "plain"))
    weights = [name for name in best if name.startswith("model.")]
    assert all(torch.equal(best[name], killed[name]) for name in weights)
    assert not any(torch.equal(best[name], own[name]) for name in weights)


def test_the_log_has_what_the_gpu_does(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 3 * 2**30)
    monkeypatch.setattr(torch.cuda, "utilization", lambda: 87)
    assert loop._gpu() == {"gpu_memory_gb": 3.0, "gpu_use_percent": 87}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert loop._gpu() == {}
