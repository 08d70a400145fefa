"""What enhancing takes: `python -m recipes.speech_benchmark.cost OUT.json --model M`; M as of the enhance stage.

Several models may be given, each with its output. Parameters and multiply-adds are counted, the real-time factor is
measured on one thread.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from avse.enhance.enhancer import Enhancer
from avse.errors import AvseError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.enhancing import SpectralModel
from avse.signal.classical import METHODS
from recipes.speech_benchmark.enhance import CLASSICAL_RATE
from recipes.speech_benchmark.provenance import keep_if_same, model_facts

DURATION_S = 10
"""Of the recording that is enhanced."""
N_RUNS = 3
"""Of which the fastest counts."""
FPS = 25


def cost_of(name: str) -> dict[str, Any]:
    """Cost of a method or model.

    Args:
        name: as of the enhance stage.

    Returns:
        Parameters; multiply-adds for a second of recording, None where they are not counted; seconds of work for a
        second of recording; threads.
    """
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    if name in METHODS:
        noise = rng.standard_normal(DURATION_S * CLASSICAL_RATE).astype(np.float32)
        method = METHODS[name]
        seconds = _fastest_s(lambda: method(noise, sample_rate=CLASSICAL_RATE))
        return _record(parameters=0, multiply_adds=None, seconds=seconds)
    enhancer = Enhancer.load(name)
    model = enhancer.model
    noise = rng.standard_normal(DURATION_S * model.stft.sample_rate).astype(np.float32)
    times_s = np.arange(DURATION_S * FPS) / FPS
    crops = rng.integers(0, 256, (len(times_s), *model.crop_size, 3), dtype=np.uint8)
    mouth = MouthTrack(times_s, crops, np.ones(len(times_s), dtype=bool), FaceReport(1, 1.0, "synthetic"))
    seconds = _fastest_s(lambda: enhancer.enhance(noise, sample_rate=model.stft.sample_rate, mouth=mouth))
    return _record(
        parameters=zoo.count_parameters(zoo.load(name)),
        multiply_adds=_multiply_adds(model) if isinstance(model, SpectralModel) else None,
        seconds=seconds,
    )


def _multiply_adds(model: SpectralModel) -> float:
    """Multiply-adds for a second of recording, as PyTorch counts those of convolutions and matrix products."""
    n_frames = DURATION_S * model.stft.sample_rate // model.stft.hop
    spectrum = np.ones((model.stft.n_freqs, n_frames), dtype=np.complex64)
    crops = np.zeros((n_frames, *model.crop_size, 3), dtype=np.uint8)
    counter = FlopCounterMode(display=False)
    with counter:
        model.estimate_spectrum(spectrum, crops, np.ones(n_frames, dtype=bool))
    return counter.get_total_flops() / 2 / DURATION_S


def _fastest_s(work: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(N_RUNS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _record(*, parameters: int, multiply_adds: float | None, seconds: float) -> dict[str, Any]:
    return {
        "parameters": parameters,
        "multiply_adds_per_s": multiply_adds,
        "real_time_factor": seconds / DURATION_S,
        "threads": torch.get_num_threads(),
    }


def main(argv: list[str] | None = None) -> int:
    """Measure and write JSON, unless that was done since the weights were made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, nargs="+", help="JSON, a file for each model")
    parser.add_argument("--model", required=True, action="append", help="name, weights file, or logmmse or klt")
    arguments = parser.parse_args(argv)
    if len(arguments.output) != len(arguments.model):
        parser.error(f"outputs must be as many as models but are {len(arguments.output)} for {len(arguments.model)}")
    for output, model in zip(arguments.output, arguments.model, strict=True):
        record = f".{output.name}.made_from.json"
        output.parent.mkdir(parents=True, exist_ok=True)
        keep_if_same(output.parent, facts={"model": model_facts(model)}, outputs=[output], record=record)
        if output.is_file():
            print(f"{output} is up to date", file=sys.stderr)
            continue
        try:
            text = json.dumps(cost_of(model), indent=1) + "\n"
            with atomic_write(output, force=True) as temporary:
                temporary.write_text(text, encoding="utf-8")
        except AvseError as error:
            print(f"cost: error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
