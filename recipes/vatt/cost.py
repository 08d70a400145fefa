"""What a training step costs: `python -m recipes.vatt.cost OUTPUT.json --config egs/grid_vatt/conf/vatt.yaml`.

Multiply-adds are counted by PyTorch, times are measured, and memory is the most that a process of its own held. The
matrix rate is what this machine reaches when it multiplies large matrices and does nothing else.
"""

import argparse
import json
import multiprocessing
import sys
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.vatt import VATT, Clips, VATTConfig
from avse.training.config import read_config
from avse.workers import started_safely
from recipes.vatt.config import TrainConfig

DROP_RATES = (0.75, 0.5, 0.25, 0.0)
DRY_RUNS = {
    "BBS": VATTConfig(video="base", audio="base", text="small"),
    "MBS": VATTConfig(video="medium", audio="base", text="small"),
}
"""The paper's sizes, with its clips."""
DRY_CLIPS = 2
"""Clips of a dry run's batch."""
MATRIX = 2048
"""Rows of the matrices by which the matrix rate is measured."""


def matrix_rate(device: str) -> float:
    """Multiply-adds a second of this machine in large matrix products, the best of several."""
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    left, right = (torch.randn(MATRIX, MATRIX, device=device, dtype=dtype) for _ in range(2))
    best_s = float("inf")
    for _ in range(8):
        started = time.perf_counter()
        left @ right
        _wait(device)
        best_s = min(best_s, time.perf_counter() - started)
    return float(MATRIX**3 / best_s)


def step_cost(config: VATTConfig, *, n_windows: int, n_steps: int, device: str) -> dict[str, float | None]:
    """Cost of training steps on synthetic clips.

    Args:
        config: the network.
        n_windows: of a batch.
        n_steps: to take, after one that does not count unless it is the only one.
        device: where.

    Returns:
        Parameters; tokens of video and audio a window after DropToken; multiply-adds of a step, forward and backward;
        seconds, of the fastest step; bytes, the most that were held.
    """
    torch.manual_seed(0)
    model = VATT.build(config).to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    clips = Clips(
        torch.rand(n_windows, config.n_frames, 3, config.height, config.width, device=device),
        torch.randn(n_windows, config.n_samples, device=device),
        torch.randint(1, config.vocabulary, (n_windows, 1, config.n_words), device=device),
        torch.ones(n_windows, dtype=torch.bool, device=device),
        torch.ones(n_windows, dtype=torch.bool, device=device),
    )

    def step() -> None:
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=device.startswith("cuda")):
            loss = model(clips).total
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    counter = FlopCounterMode(display=False)
    seconds = []
    with counter:
        started = time.perf_counter()
        step()
        _wait(device)
        seconds.append(time.perf_counter() - started)
    for _ in range(n_steps - 1):
        started = time.perf_counter()
        step()
        _wait(device)
        seconds.append(time.perf_counter() - started)
    return {
        "parameters": zoo.count_parameters(model),
        "tokens": config.n_tokens,
        "multiply_adds": counter.get_total_flops() / 2,
        "seconds": min(seconds),
        "bytes": _most_bytes(device),
    }


def _apart(config: VATTConfig, *, n_windows: int, n_steps: int, device: str) -> dict[str, float | None]:
    """`step_cost` in a process of its own, whose memory is that of the training alone."""
    with started_safely(), multiprocessing.get_context("spawn").Pool(1) as pool:
        work = partial(step_cost, n_windows=n_windows, n_steps=n_steps, device=device)
        return pool.apply(work, (config,))


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def _most_bytes(device: str) -> float | None:
    """The most memory that was held: of the GPU, or of this process; None where the system does not tell."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(argv: list[str] | None = None) -> int:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="JSON")
    parser.add_argument("--config", required=True, help="of a training, whose network and batches are measured")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--n-steps", type=int, default=6, help="steps of each measurement (default 6)")
    parser.add_argument("--no-dry-runs", action="store_true", help="leave the paper's sizes out")
    arguments = parser.parse_args(argv)
    try:
        zoo.check_device(arguments.device)
        config = read_config(TrainConfig, ["--config", arguments.config, "--folder", "-", "--shards", "-"])
        n_windows = config.loop.batch_size * config.n_windows
        measure = partial(_apart, device=arguments.device)
        found: dict[str, Any] = {
            "device": torch.cuda.get_device_name() if arguments.device.startswith("cuda") else "CPU",
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "matrix_rate": matrix_rate(arguments.device),
            "n_windows": n_windows,
            "windows_per_clip": config.n_windows,
            "drop": {
                str(rate): measure(
                    replace(config.model, drop_rate=rate), n_windows=n_windows, n_steps=arguments.n_steps
                )
                for rate in DROP_RATES
            },
            "drop_rate": config.model.drop_rate,
        }
        if not arguments.no_dry_runs:
            found["dry_clips"] = DRY_CLIPS
            found["dry_runs"] = {
                name: {**asdict(model), **measure(model, n_windows=DRY_CLIPS, n_steps=1)}
                for name, model in DRY_RUNS.items()
            }
        with atomic_write(arguments.output, force=True) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except AvseError as error:
        print(f"cost: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
