"""A training that several launchers share: `nodes_program.py N_NODES PER_NODE PORT FOLDER KIND...`.

Each launcher is torchrun's agent, which needs torch alone. Its processes come from a server that has imported the rest
once, for a restart is mostly imports. A process whose rank is 1 kills itself once where it finds `FOLDER/KIND/kill`.
"""

import multiprocessing
import os
import sys
from pathlib import Path

import torch
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

WIDTH = 400


class Line(torch.utils.data.Dataset):
    """Points of y = 3 x - 1; two more than fill the steps of an epoch."""

    def __len__(self):
        return 50

    def __getitem__(self, key):
        x = torch.randn(1, generator=torch.Generator().manual_seed(1000 * key[0] + key[1]))
        return x, 3 * x - 1


def train(folder, *, sharded):
    from lightning_fabric import seed_everything

    from avse.training.loop import fit
    from avse.training.loop_config import LoopConfig
    from avse.training.run import Run

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


def train_all(folder, kinds):
    for kind in kinds:
        train(folder / kind, sharded=kind == "sharded")


def main(n_nodes, per_node, port, folder, *kinds):
    multiprocessing.set_forkserver_preload([Path(__file__).stem, "avse.training.loop"])
    # A launcher on a busy machine is late with its signs of life; two of the restarts are for the kills.
    config = LaunchConfig(
        min_nodes=int(n_nodes), max_nodes=int(n_nodes), nproc_per_node=int(per_node), run_id="test", max_restarts=4,
        rdzv_backend="c10d", rdzv_endpoint=f"127.0.0.1:{port}", start_method="forkserver",
        rdzv_configs={"join_timeout": 120, "keep_alive_interval": 10, "keep_alive_max_attempt": 6},
    )  # fmt: skip
    elastic_launch(config, train_all)(Path(folder), kinds)


if __name__ == "__main__":
    import nodes_program  # the processes find its functions by this name

    nodes_program.main(*sys.argv[1:])
