"""A training that several launchers share: `torchrun nodes_program.py FOLDER KIND...`; in each kind one is killed.

A process whose rank is 1 kills itself once where it finds `FOLDER/KIND/kill`.
"""

import os
import sys
from pathlib import Path

import torch
from lightning_fabric import seed_everything

from avse.training.loop import fit
from avse.training.loop_config import LoopConfig
from avse.training.run import Run

WIDTH = 400


class Line(torch.utils.data.Dataset):
    """Points of y = 3 x - 1."""

    def __len__(self):
        return 48

    def __getitem__(self, key):
        x = torch.randn(1, generator=torch.Generator().manual_seed(1000 * key[0] + key[1]))
        return x, 3 * x - 1


def train(folder, *, sharded):
    config = LoopConfig(
        n_epochs=3, batch_size=4, warmup_steps=3, precision="32-true", checkpoint_every_steps=2,
        validate_every_epochs=1, sharded=sharded, ema_decay=0.5,
    )  # fmt: skip
    seed_everything(config.seed, verbose=False)
    layers = torch.nn.ModuleList([torch.nn.Linear(1, WIDTH), torch.nn.Linear(WIDTH, WIDTH), torch.nn.Linear(WIDTH, 1)])

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = layers

        def forward(self, x):
            return self.layers[2](torch.tanh(self.layers[1](torch.tanh(self.layers[0](x)))))

    n_steps = 0

    def loss_step(model, batch):
        nonlocal n_steps
        n_steps += 1
        if os.environ.get("RANK") == "1" and n_steps == 8 and (folder / "kill").exists():
            (folder / "kill").unlink()
            os.kill(os.getpid(), 9)
        return (model(batch[0]) - batch[1]).square().mean()

    def validate(model):
        x = torch.linspace(-1, 1, 9)[:, None]
        return {"loss": (model(x) - 3 * x + 1).square().mean().item()}

    fit(
        Network(), dataset=Line(), collate=torch.utils.data.default_collate, loss_step=loss_step, validate=validate,
        config=config, run=Run(folder, config=config),
    )  # fmt: skip


if __name__ == "__main__":
    for kind in sys.argv[2:]:
        train(Path(sys.argv[1]) / kind, sharded=kind == "sharded")
