"""Whether shards feed the live model's training: `python -m benchmarks.scale.feeding`.

The live model at its full size is trained on generated shards, as `recipes.live.train` does it, and the loop says what
share of the time it waited for examples. Then a corpus of 10^7 talking faces is started: a few samples, each of which
stands in the index as often as that takes, for disks are finite.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from avse.data.packed import HEAD
from avse.data.shard_index import INDEX
from benchmarks.scale.data import RATE, pack_random
from benchmarks.scale.recorded import FEEDING
from benchmarks.torture.record import table, write_section

if TYPE_CHECKING:
    from avse.training.loop import FitResult
    from recipes.live.config import TrainConfig

N_FACES, N_OTHERS = 32, 8
"""Recordings of 10 s, of faces and of speech and noise each."""
N_LARGE = 10**7
N_SPEAKERS = 10_000
N_TIMED = 24
"""Examples that are made to tell what one takes."""
START = """
import json, sys, time
from pathlib import Path
began, cpu = time.monotonic(), time.process_time()
from benchmarks.scale.feeding import config_of
from recipes.live.data import collate, load_dataset
from avse.training.sampler import ResumableBatchSampler
imported, imported_cpu = time.monotonic(), time.process_time()
dataset = load_dataset(config_of(Path(sys.argv[1]), n_audio_only=0), split="train")
opened, opened_cpu = time.monotonic(), time.process_time()
sampler = ResumableBatchSampler(n_examples=len(dataset), batch_size=16, seed=1, first_step=7, last_step=9)
keys = next(iter(sampler))
batch = collate([dataset[key] for key in keys])
ended, ended_cpu = time.monotonic(), time.process_time()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"n": len(dataset), "imports": [imported - began, imported_cpu - cpu],
                  "open": [opened - imported, opened_cpu - imported_cpu],
                  "first batch": [ended - opened, ended_cpu - opened_cpu],
                  "private_mb": int(status["RssAnon"].split()[0]) / 1024}))
"""


def config_of(folder: Path, *, n_audio_only: int, n_workers: int = 0, batch_size: int = 16) -> "TrainConfig":
    """Of a run of the live recipe as it is, on a packed corpus; rooms are synthetic, for it has no measured ones."""
    from avse.data.channel import ChannelConfig
    from avse.training.loop_config import LoopConfig
    from recipes.live.config import TrainConfig as Config

    loop = LoopConfig(n_epochs=1, batch_size=batch_size, n_workers=n_workers, checkpoint_every_steps=10_000,
                      validate_every_epochs=1)  # fmt: skip
    return Config(
        folder=folder.with_name("run"), manifest=folder / "none.jsonl", crops=folder, loop=loop,
        n_audio_only=n_audio_only, channel=ChannelConfig(measured_share=0.0),
    )  # fmt: skip


def make(folder: Path) -> None:
    """A packed corpus of random content."""
    for kind, n in (("faces", N_FACES), ("speech", N_OTHERS), ("noise", N_OTHERS)):
        pack_random(folder / "train" / kind, n=n, faces=kind == "faces")
    (folder / HEAD).write_text(json.dumps({"sample_rate": RATE, "manifest": "generated"}) + "\n", encoding="utf-8")


def enlarge(folder: Path) -> None:
    """Let the talking faces of a corpus be ten million, of many speakers."""
    place = folder / "train" / "faces"
    rows = np.load(place / INDEX)
    np.save(place / INDEX, np.tile(rows, -(-N_LARGE // len(rows)))[:N_LARGE])
    speakers = np.random.default_rng(0).integers(N_SPEAKERS, size=N_LARGE, dtype=np.uint32)
    np.save(place / "speakers.npy", speakers)
    (place / "speakers.json").write_text(json.dumps([f"s{n}" for n in range(N_SPEAKERS)]), encoding="utf-8")


class Fed(NamedTuple):
    """What a training took."""

    result: "FitResult"
    example_s: float
    """Of a core, to make one example."""
    step_s: float
    """Of a core, to train a step."""


def train(folder: Path, *, n_steps: int, n_workers: int) -> Fed:
    """Train so many steps."""
    from lightning_fabric import seed_everything

    from avse.training.loop import fit
    from avse.training.run import Run
    from recipes.live.data import collate, load_dataset
    from recipes.live.train import build, loss_step

    config = config_of(folder, n_audio_only=16 * n_steps - N_FACES, n_workers=n_workers)
    dataset = load_dataset(config, split="train")
    started_s = time.process_time()
    for index in range(N_TIMED):
        dataset[1, index]
    example_s = (time.process_time() - started_s) / N_TIMED
    seed_everything(config.loop.seed, verbose=False)
    started_s = time.process_time()
    result = fit(
        build(config), dataset=dataset, collate=collate, loss_step=partial(loss_step, config=config),
        validate=lambda model: {"loss": 0.0}, config=config.loop, run=Run(config.folder, config=config),
    )  # fmt: skip
    step_s = (time.process_time() - started_s) / n_steps
    return Fed(result, example_s, step_s)


def rows_of(fed: Fed, *, n_steps: int, n_workers: int) -> list[list[str]]:
    """The table."""
    result, example_s, step_s = fed
    return [
        ["what", "measured"],
        ["steps of 16 examples of 2.4 s", str(n_steps)],
        ["processes that make examples", str(n_workers)],
        ["**share of the time that training waited**", f"**{100 * result.waiting_share:.2f} %**"],
        ["wait for the first examples, s", f"{result.first_wait_s:.1f}"],
        ["wall time, s", f"{result.wall_s:.1f}"],
        ["time of a core that a step takes, s", f"{step_s:.2f}"],
        ["time of a core that an example takes, ms", f"{1000 * example_s:.1f}"],
        ["examples a second of a process on a core of its own", f"{1 / example_s:.0f}"],
        ["processes that feed one training core", f"{16 * example_s / step_s:.2f}"],
    ]


def start(folder: Path) -> str:
    """Start the enlarged corpus in a process of its own: a table, and the memory that it takes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    found = json.loads(subprocess.check_output([sys.executable, "-c", START, str(folder)], text=True, env=environment))
    rows = [["start of 10^7 talking faces of 10^4 people", "wall, s", "time of a core, s"]]
    for name in ("imports", "open", "first batch"):
        rows.append([name, *(f"{value:.2f}" for value in found[name])])
    both = [f"**{a + b:.2f}**" for a, b in zip(found["open"], found["first batch"], strict=True)]
    rows.append(["**open and first batch** (target: below 5)", *both])
    memory = f"Private memory then: {found['private_mb']:.0f} MiB, of {found['n']:,} examples."
    return f"{table(rows)}\n\n{memory}"


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12, help="of training, 2 or more (default: 12)")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args(argv)
    if arguments.steps < N_FACES // 16:
        parser.error(
            f"--steps must be {N_FACES // 16} or more but is {arguments.steps}; each talking face is one example"
        )
    began_s = time.monotonic()
    command = f"python -m benchmarks.scale.feeding --steps {arguments.steps} --workers {arguments.workers}"

    def write(*parts: str) -> None:
        """After each part: a later one may not end."""
        load = f"Load of the machine meanwhile: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores."
        write_section(FEEDING, "\n\n".join([*parts, load]), command=command, wall_s=time.monotonic() - began_s)

    with tempfile.TemporaryDirectory(prefix="avse-") as scratch:
        os.environ["AVSE_DATA"] = scratch
        folder = Path(scratch) / "packed"
        make(folder)
        fed = train(folder, n_steps=arguments.steps, n_workers=arguments.workers)
        first = table(rows_of(fed, n_steps=arguments.steps, n_workers=arguments.workers))
        print(first, file=sys.stderr, flush=True)
        write(first)
        enlarge(folder)
        write(first, start(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
