"""What large corpora cost training: `python -m benchmarks.scale.data`.

Shuffles by step, the start of an index of 10^7 and 10^8 samples, the time of one packed sample, and the memory of a
process that draws from 1 h, 100 h and 1,000 h. The shards of the last hold 1 h; the index has each of its samples so
many times as the hours say, for memory is what is measured, and disks are finite.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from avse.data.packed import PackedBank, encode_sample, finish_bank
from avse.data.shard_index import INDEX, ROW, IndexedShards, write_index
from avse.data.shards import ShardWriter
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.training.sampler import ResumableBatchSampler
from benchmarks.torture.record import table, write_section

RATE, CLIP_S, CROP = 16000, 10.0, (32, 48, 3)
DRAW = """
import json, sys, time
from pathlib import Path
import numpy as np
from avse.data.packed import PackedBank
started = time.process_time()
bank = PackedBank(Path(sys.argv[1]))
opened = time.process_time() - started
rng = np.random.default_rng(0)
rows = rng.integers(len(bank), size=int(sys.argv[2]))
started = time.process_time()
for row in rows:
    bank.waveforms[int(row)]
    bank.mouths[int(row)]
drawn = time.process_time() - started
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"n": len(bank), "open_s": opened, "draw_ms": 1000 * drawn / len(rows),
                  "private_mb": int(status["RssAnon"].split()[0]) / 1024}))
"""


def steps() -> list[list[str]]:
    """Time of a training step's indices, by the size of the corpus."""
    rows = [["examples", "first step, ms", "later steps, ms"]]
    for exponent in (4, 5, 6, 7, 8):
        n = 10**exponent
        sampler = ResumableBatchSampler(n_examples=n, batch_size=16, seed=1, first_step=5, last_step=205)
        batches = iter(sampler)
        started_s = time.process_time()
        next(batches)
        first_s = time.process_time() - started_s
        started_s = time.process_time()
        for _ in batches:
            pass
        rows.append(
            [f"10^{exponent}", f"{1000 * first_s:.2f}", f"{1000 * (time.process_time() - started_s) / 199:.3f}"]
        )
    return rows


def starts(folder: Path) -> list[list[str]]:
    """Time until the first sample of large indices, which are sparse files."""
    with ShardWriter(folder) as writer:
        writer.write("a", {"bin": b"x"})
    write_index(folder)
    one = np.load(folder / INDEX).tobytes()
    rows = [["samples", "index, bytes a sample", "start and last sample, ms"]]
    for exponent in (7, 8):
        n = 10**exponent
        with (folder / INDEX).open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": ROW.descr, "fortran_order": False, "shape": (n,)})
            file.seek((n - 1) * ROW.itemsize, 1)
            file.write(one)
        started_s = time.process_time()
        IndexedShards(folder)[n - 1]
        elapsed_s = time.process_time() - started_s
        rows.append([f"10^{exponent}", f"{(folder / INDEX).stat().st_size / n:.2f}", f"{1000 * elapsed_s:.2f}"])
    return rows


def pack_random(folder: Path, *, n: int, faces: bool = True) -> None:
    """Recordings of 10 s of random content."""
    rng = np.random.default_rng(0)
    with ShardWriter(folder, name="samples") as writer:
        for number in range(n):
            waveform = (0.1 * rng.standard_normal(round(CLIP_S * RATE))).astype(np.float32)
            mouth = None
            if faces:
                crops = rng.integers(256, size=(round(25 * CLIP_S), *CROP), dtype=np.uint8)
                present = np.ones(len(crops), dtype=bool)
                mouth = MouthTrack(np.arange(len(crops)) / 25, crops, present, FaceReport(1, 1.0, "largest"))
            writer.write(f"{number:012d}", encode_sample(waveform, mouth, {"id": str(number), "speaker": "s"}))
    finish_bank(folder, np.zeros(n, dtype=np.uint32), ["s"])


def repeat(folder: Path, hours: int) -> None:
    """Let each sample of an hour stand so many times in the index."""
    rows = np.load(folder / INDEX)
    np.save(folder / INDEX, np.tile(rows[: round(3600 / CLIP_S)], hours))
    np.save(folder / "speakers.npy", np.zeros(round(3600 / CLIP_S) * hours, dtype=np.uint32))


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    argparse.ArgumentParser(description=__doc__).parse_args(argv)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="avse-") as scratch:
        index_folder, folder = Path(scratch) / "index", Path(scratch) / "packed"
        first, second = table(steps()), table(starts(index_folder))
        pack_random(folder, n=round(3600 / CLIP_S))
        size = sum(path.stat().st_size for path in folder.glob("*.tar"))
        rows = [["corpus, h", "samples of 10 s", "open, ms", "read a sample, ms", "private memory, MiB"]]
        for hours in (1, 100, 1000):
            repeat(folder, hours)
            printed = subprocess.check_output([sys.executable, "-c", DRAW, str(folder), "300"], text=True)
            found = json.loads(printed)
            rows.append([str(hours), str(found["n"]), f"{1000 * found['open_s']:.1f}", f"{found['draw_ms']:.2f}",
                         f"{found['private_mb']:.0f}"])  # fmt: skip
        assert len(PackedBank(folder)) == 360_000
    text = (
        f"Times are of the processor, one thread.\n\n{first}\n\n{second}\n\n{table(rows)}\n\n"
        f"A packed hour of talking faces (16 kHz audio, 25 crops of 32 x 48 a second) has {size / 2**30:.2f} GiB."
    )
    write_section("Data for training: shuffles, index, memory", text, command="python -m benchmarks.scale.data",
                  wall_s=time.monotonic() - started_s)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
