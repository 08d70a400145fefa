"""What thousands to millions of hours of video take: `python -m benchmarks.scale.plan`.

Multiplies the costs that `benchmarks.scale.unit_costs` and `benchmarks.scale.feeding` measured, as
`benchmarks/RESULTS.md` has them, and writes the section of `docs/scale.md`. Nothing in it was run at that size.
"""

import argparse
import sys
import time
from pathlib import Path

from benchmarks.scale.recorded import Costs, RecordedError, read_costs
from benchmarks.torture.record import RESULTS, table, write_section

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

**Training on {hours:,} h of audio-visual data.** Packed at 16 kHz with 25 crops of 32 x 48 a second it takes
{packed:.0f} GB ({packed_hour:.2f} GB an hour by its format), which is read once an epoch. In clips of {length_s} s an
epoch has {examples:,} examples; each takes {example_ms:.0f} ms of a core to make and {train_ms:.0f} ms of a core to
train (the live model), so that an epoch takes {make_h:,.0f} core-hours of making and, on CPUs alone, {train_h:,.0f} of
training. Its speed on a GPU was not measured: the table has what an epoch an hour asks for. The steered model's
core and steering passed 3,150 s of mixtures a second on one H100, made by 15 CPU cores beside it
(`recipes/steered/README.md`).

{table}

With DDP, each step moves twice the size of the gradients through each GPU's network: {gradient:.1f} MB for the live
model ({parameters:,} parameters in 32 bits), {step_ms:.0f} ms at 10 Gbit/s; GPUs of one machine need no network. 8 GPUs
take one machine with a local disk; 64 take eight, and a copy of the shards on each or a shared disk of eight times the
reading speed. `--loop.sharded` is for networks that fit no GPU, not for this one.

Costs measured by {sources}."""
LENGTH_S, TRAIN_HOURS, GPUS = 2.4, 1000, (8, 64)


def gpu_rows(*, example_s: float, packed_gb: float) -> list[list[str]]:
    """What an epoch an hour asks of each GPU and its machine."""
    n_examples = TRAIN_HOURS * 3600 / LENGTH_S
    rows = [
        ["GPUs", "examples a second and GPU", "cores a GPU that make them", "reading, MB/s and GPU", "machines of 8"]
    ]
    for n in GPUS:
        speed = n_examples / 3600 / n
        rows.append([str(n), f"{speed:.1f}", f"{speed * example_s:.2f}", f"{packed_gb * 1000 / 3600 / n:.1f}",
                     str(n // 8)])  # fmt: skip
    return rows


def plan_of(costs: Costs, *, n_parameters: int) -> str:
    """The section.

    Args:
        costs: as they were measured.
        n_parameters: of the live model.
    """
    rows = [["hours of 720p video", "core-hours", "cores", "days", "input, TB", "bottleneck", "what changes"]]
    for hours, cores, (bottleneck, change) in zip(HOURS, CORES, WHAT, strict=True):
        days = hours * costs.enhance / cores / 24
        rows.append([f"{hours:,}", f"{hours * costs.enhance:,.0f}", f"{cores:,}", f"{days:.1f}",
                     f"{hours * costs.gb_an_hour / 1000:,.1f}", bottleneck, change])  # fmt: skip
    packed_hour = 3600 * (16000 * 2 + 25 * 32 * 48 * 3) / 1e9
    packed_gb, gradient = TRAIN_HOURS * packed_hour, 2 * 4 * n_parameters / 1e6
    n_examples, train_s = round(TRAIN_HOURS * 3600 / LENGTH_S), costs.step_s / 16
    notes = NOTES.format(
        hours=TRAIN_HOURS, packed=packed_gb, packed_hour=packed_hour, gradient=gradient, parameters=n_parameters,
        step_ms=gradient * 8 / 10_000 * 1000, examples=n_examples, length_s=LENGTH_S, example_ms=1000 * costs.example_s,
        train_ms=1000 * train_s, make_h=n_examples * costs.example_s / 3600, train_h=n_examples * train_s / 3600,
        table=table(gpu_rows(example_s=costs.example_s, packed_gb=packed_gb)), sources=" and ".join(costs.sources),
    )  # fmt: skip
    return f"{table(rows)}\n\n{notes}"


def main(argv: list[str] | None = None) -> int:
    """Write the plan; exit 2 if a cost was not measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="document of results (default: %(default)s)")
    parser.add_argument("--document", type=Path, default=SCALE, help="to write the section of (default: %(default)s)")
    arguments = parser.parse_args(argv)
    started_s = time.monotonic()
    try:
        text = plan_of(read_costs(arguments.results), n_parameters=_parameters())
    except RecordedError as error:
        print(f"plan: error: {error}", file=sys.stderr)
        return 2
    command, wall_s = "python -m benchmarks.scale.plan", time.monotonic() - started_s
    write_section("The plan on paper", text, command=command, wall_s=wall_s, results=arguments.document)
    return 0


def _parameters() -> int:
    """Of the live model that comes with avse."""
    from avse.models import zoo

    return zoo.count_parameters(zoo.load("live"))


if __name__ == "__main__":
    sys.exit(main())
