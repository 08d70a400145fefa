"""Seconds of audio that networks pass in training for each second of one core: `python benchmarks/training_speed.py`.

Forward and backward pass on random audio, the best of several steps; the loss and the data are not in it.
"""

import sys
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from avse.models.gtcrn import Gtcrn, GtcrnConfig
from avse.models.live import Live, LiveConfig
from avse.models.steered import Steered, SteeredConfig
from avse.report.document import markdown_table
from avse.signal.speech_cue import CUE_DIM
from avse.signal.stft import stft

BATCH, DURATION_S, STEPS = 4, 4.0, 5


def main() -> int:
    """Print a table."""
    torch.set_num_threads(1)
    rows = [["network", "parameters", "s of audio per s of one core"]]
    for name, network, step in _networks():
        n_parameters = sum(parameter.numel() for parameter in network.parameters())
        rows.append([name, f"{n_parameters:,}", f"{BATCH * DURATION_S / _best_s(step):.0f}"])
    print(markdown_table(rows))
    return 0


def _networks() -> Iterator[tuple[str, nn.Module, Callable[[], Tensor]]]:
    waveform = 0.1 * torch.randn(BATCH, round(DURATION_S * 16000))
    noisy = stft(waveform, LiveConfig().stft)
    parts = torch.view_as_real(noisy).permute(0, 3, 2, 1)
    live = Live.build(LiveConfig()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    n_video_frames = round(DURATION_S * 25) + 1
    motion, present = torch.randn(BATCH, n_video_frames, 2, 32, 48), torch.ones(BATCH, n_video_frames)
    yield "live, with its mouth encoder", live, lambda: live(noisy, motion, present).spectrum
    core = Gtcrn.build(GtcrnConfig())
    yield "core", core, lambda: core(parts)
    steered = Steered(SteeredConfig(), core=core)
    cue, shown = torch.rand(BATCH, parts.shape[2], CUE_DIM), torch.ones(BATCH, parts.shape[2])
    steered.core.eval()
    yield "steering beside it", steered, lambda: steered(parts, cue, shown).steered


def _best_s(step: Callable[[], Tensor]) -> float:
    """Processor time of the quickest step."""
    best = float("inf")
    for _ in range(STEPS):
        started = time.process_time()
        step().square().mean().backward()
        best = min(best, time.process_time() - started)
    return best


if __name__ == "__main__":
    sys.exit(main())
