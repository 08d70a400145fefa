"""What thousands to millions of hours of video take: `python -m benchmarks.scale.plan costs.json`.

Multiplies the costs that `benchmarks.scale.unit_costs --json` measured, and writes the section of `docs/scale.md`.
Nothing in it was run at that size.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.torture.record import table, write_section

SCALE = Path(__file__).parents[2] / "docs" / "scale.md"
HOURS = (1_000, 100_000, 10_000_000)
CORES = (64, 1_000, 20_000)
WHAT = (
    ("decoding and face detection", "`--workers`, or `--shard i/n` on a few machines; one disk"),
    ("reading from the shared disk", "an array or Ray; an object store, `s3://` in and out"),
    ("requests of the object store, lost nodes", "many clusters, a share of the list each; journals merged"),
)
NOTES = """\
Storage is that of the generated videos (H.264 as `avse` writes it) and grows with their bit rate; outputs with a
video stream copied take as much again. Costs are of one thread on this machine's cores; another core's speed scales
them all. What a run of that size would find besides (slow disks, damaged files, lost machines) is what the journal
and the retries are for; it was measured with two nodes only (`benchmarks/RESULTS.md`).

**Training on 1,000 h of audio-visual data.** Packed at 16 kHz with 25 crops of 48 x 72 a second it takes {packed:.0f}
GB ({packed_hour:.2f} GB an hour by its format), which is read once an epoch. With DDP, each step moves twice the size
of the gradients through each GPU's network: {gradient:.1f} MB for the live model ({parameters:,} parameters in 32
bits), so that even 64 GPUs wait for Ethernet at one step of {step_ms:.0f} ms a GPU at most, at 10 Gbit/s. 8 GPUs on
one machine need no network. Speed on GPUs: not measured, for no GPU was there; the number of workers a GPU needs is
its examples a second times the milliseconds of one example (`Data for training` in `benchmarks/RESULTS.md`, and the
mixing itself, which `benchmarks/training_speed.py` measures)."""


def main(argv: list[str] | None = None) -> int:
    """Write the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("costs", type=Path, help="JSON of benchmarks.scale.unit_costs")
    arguments = parser.parse_args(argv)
    started_s = time.monotonic()
    costs = json.loads(arguments.costs.read_text(encoding="utf-8"))
    per_hour, gb = costs["enhance, video 720p"], costs["MB an hour, 720p.mp4"] / 1000
    rows = [["hours of 720p video", "core-hours", "cores", "days", "input, TB", "bottleneck", "what changes"]]
    for hours, cores, (bottleneck, change) in zip(HOURS, CORES, WHAT, strict=True):
        days = hours * per_hour / cores / 24
        rows.append([f"{hours:,}", f"{hours * per_hour:,.0f}", f"{cores:,}", f"{days:.1f}", f"{hours * gb / 1000:,.1f}",
                     bottleneck, change])  # fmt: skip
    packed_hour = 3600 * (16000 * 2 + 25 * 48 * 72 * 3) / 1e9
    n_parameters = _parameters()
    gradient = 2 * 4 * n_parameters / 1e6
    notes = NOTES.format(packed=1000 * packed_hour, packed_hour=packed_hour, gradient=gradient, parameters=n_parameters,
                         step_ms=gradient * 8 / 10_000 * 1000)  # fmt: skip
    command = f"python -m benchmarks.scale.plan {arguments.costs.name}"
    text, wall_s = f"{table(rows)}\n\n{notes}", time.monotonic() - started_s
    write_section("The plan on paper", text, command=command, wall_s=wall_s, results=SCALE)
    return 0


def _parameters() -> int:
    """Of the live model that comes with avse."""
    from avse.models import zoo

    return zoo.count_parameters(zoo.load("live"))


if __name__ == "__main__":
    sys.exit(main())
