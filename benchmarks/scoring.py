"""How fast scoring is: `OMP_NUM_THREADS=1 python benchmarks/scoring.py`, after `pip install '.[score,hearing]'`.

Some mixtures of a synthetic voice in white noise, or some of the data pack's list, are scored on one process: by the
metrics that the score stage takes by default, and by HASPI and HASQI. Each metric's share of the time is given, and
what 1,221 mixtures would take on some processes, each with a core of its own.
"""

import argparse
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from avse.data.mix import mix
from avse.metrics.table import DEFAULT, METRICS
from avse.report.document import markdown_table
from avse.score import score_waveforms
from avse.synthetic.voice import speak
from avse.types import Waveform

RATE = 16000
DURATION_S = 3.0
N_MIXTURES = 1221
"""Of the data pack's list."""
STAGE = (*DEFAULT, "segmental_snr_db", "sdi")
"""What the score stage takes by default."""
HEARING = ("haspi", "hasqi")

Pair = tuple[Waveform, Waveform]


def synthetic(n_pairs: int) -> Iterator[Pair]:
    """Clean and noisy, as long as the data pack's clips."""
    for number in range(n_pairs):
        rng = np.random.default_rng(number)
        clean = speak(rng, duration_s=DURATION_S, sample_rate=RATE).waveform
        noise = rng.standard_normal(len(clean)).astype(np.float32)
        yield clean, mix(clean, noise, snr_db=float(5 * (number % 3) - 5))


def from_pack(mixtures: Path, manifest: Path, n_pairs: int) -> Iterator[Pair]:
    """Clean and noisy of the fixed mixtures, evenly from the whole list."""
    from avse.data.manifest import data_root, read_manifest, read_mixtures
    from avse.data.mixtures import MixtureReader

    reader = MixtureReader(read_manifest(manifest), root=data_root(), sample_rate=RATE)
    listed = read_mixtures(mixtures)
    for mixture in listed[:: max(1, len(listed) // n_pairs)][:n_pairs]:
        clip = reader.read(mixture)
        yield clip.clean, clip.noisy


def seconds(pairs: list[Pair], metrics: tuple[str, ...]) -> dict[str, float]:
    """Time of each metric for a pair: of the processor, for other work may run beside it."""
    spent = {}
    for name in metrics:
        clean, noisy = pairs[0]
        # Imports and compilation are paid once in each process.
        score_waveforms(reference=clean, estimate=noisy, sample_rate=RATE, metrics=[name])
        started = time.process_time()
        for clean, noisy in pairs:
            score_waveforms(reference=clean, estimate=noisy, sample_rate=RATE, metrics=[name])
        spent[name] = (time.process_time() - started) / len(pairs)
    return spent


def line(name: str, seconds_each: float, n_workers: int) -> list[str]:
    """A line of the table."""
    minutes = N_MIXTURES * seconds_each / n_workers / 60
    return [name, f"{1000 * seconds_each:.1f}", f"{1 / seconds_each:.2f}", f"{minutes:.1f}"]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--pairs", type=int, default=10, help="mixtures to score (default 10)")
    add("--workers", type=int, default=2, help="processes to reckon with (default 2)")
    add("--mixtures", type=Path, help="the data pack's list instead of synthetic mixtures; with --manifest")
    add("--manifest", type=Path, help="of the list's clips")
    options = parser.parse_args()
    if options.mixtures and options.manifest:
        pairs = list(from_pack(options.mixtures, options.manifest, options.pairs))
    else:
        pairs = list(synthetic(options.pairs))
    lines = [["", "ms for a mixture", "mixtures/s", f"minutes for {N_MIXTURES} on {options.workers} processes"]]
    for metrics in (STAGE, HEARING):
        spent = seconds(pairs, metrics)
        lines += [line(METRICS[name].title, each, options.workers) for name, each in spent.items()]
        lines.append(line(f"all {len(metrics)}", sum(spent.values()), options.workers))
    mean_s = np.mean([len(clean) for clean, _ in pairs]) / RATE
    print(f"{len(pairs)} mixtures of {mean_s:.1f} s, processor time; {platform.machine()}, {os.cpu_count()} cores\n")
    print(markdown_table(lines))


if __name__ == "__main__":
    main()
