"""What a training step of core and steering takes: `python -m benchmarks.joint_step --device cuda`.

Forward and backward pass of each part's loss on random audio, without the optimiser's step: the median of `--repeats`
runs after one warm-up.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from avse.models.gtcrn import GtcrnConfig
from avse.models.steered import Steered, SteeredConfig
from avse.nn.band_blocks import BlockConfig
from avse.report.document import markdown_table
from avse.signal.speech_cue import CUE_DIM, CUE_RATE_HZ
from recipes.steered.config import JointTrainConfig
from recipes.steered.cues import CuedExample
from recipes.steered.loss import enhancement_losses, parts_of
from recipes.steered.steering import steering_loss

DURATIONS_S = (4, 10)


def step_ms(work: Callable[[], object], *, device: torch.device, repeats: int) -> float:
    """Milliseconds of the median run, after one that is not counted."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return 1e3 * statistics.median(times[1:])


def rows(*, device: torch.device, n_plain: int, n_cued: int, repeats: int) -> list[list[str]]:
    """Times of both parts for each length of the mixtures."""
    sizes = SteeredConfig(
        core=GtcrnConfig(n_blocks=3, recurrent_weights=True), block=BlockConfig(recurrent_weights=True)
    )
    model = Steered.build(sizes).to(device).train()
    stft, config = model.config.core.stft, JointTrainConfig(folder=Path(), manifest=Path(), audio=Path())
    found = [["mixtures", "core, ms", "steering, ms", "times real time"]]
    for duration_s in DURATIONS_S:
        clean = 0.05 * torch.randn(n_plain, duration_s * stft.sample_rate, device=device)
        noisy = clean + 0.05 * torch.randn_like(clean)
        n_frames = round(duration_s * CUE_RATE_HZ)
        cue, present = torch.rand(n_cued, n_frames, CUE_DIM), torch.ones(n_cued, n_frames)
        cued = CuedExample(noisy[:n_cued], clean[:n_cued], cue.to(device), present.to(device))

        def core(noisy: torch.Tensor = noisy, clean: torch.Tensor = clean) -> None:
            model.core.train()
            spectrum = model.core(parts_of(noisy, stft))
            enhancement_losses(spectrum, clean, stft, weights=config.loss).mean().backward()  # type: ignore[no-untyped-call]

        def steering(cued: CuedExample = cued) -> None:
            steering_loss(model, cued, weights=config.steering_loss, harm=config.harm).backward()  # type: ignore[no-untyped-call]

        times_ms = [step_ms(work, device=device, repeats=repeats) for work in (core, steering)]
        factor = (n_plain + n_cued) * duration_s / (sum(times_ms) / 1e3)
        name = f"{n_plain} and {n_cued} of {duration_s} s"
        found.append([name, *(f"{value:.0f}" for value in times_ms), f"{factor:.0f}"])
    return found


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="default cpu")
    parser.add_argument("--plain", type=int, default=8, help="mixtures for the core; default 8, on a GPU take 96")
    parser.add_argument("--cued", type=int, default=4, help="mixtures for the steering; default 4, on a GPU take 48")
    parser.add_argument("--repeats", type=int, default=3, help="default 3")
    arguments = parser.parse_args()
    torch.set_float32_matmul_precision("high")
    print(markdown_table(rows(
        device=torch.device(arguments.device), n_plain=arguments.plain, n_cued=arguments.cued, repeats=arguments.repeats
    )))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
