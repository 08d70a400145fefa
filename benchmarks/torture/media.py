"""Hostile and damaged media, full disks and names that are addresses: `python -m benchmarks.torture.media`.

Files are read in processes of their own, with limits of memory and time, in a network namespace without any network
where there is one. The section of benchmarks/RESULTS.md counts what must not happen: tracebacks, crashes, hangs,
memory above the limit, wrong answers, files left over, connections.
"""

import argparse
import json
import math
import os
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from avse.errors import MediaError
from avse.media.audio import WRITABLE, AudioReader, AudioWriter
from avse.media.video import VideoReader
from benchmarks.torture.record import table, write_section

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("media_worker.py")
LONGEST_S = 10.0
"""Of processor time; a file that takes longer hangs."""
LONGEST_WAIT_S = 120.0
"""For a file, on a machine that has other work too."""
START_S = 300.0
"""For a process to start, import and make its good files."""
MEMORY_MIB = 1536.0
"""Most resident memory of a process that reads small files: the interpreter and the libraries take 400."""


@dataclass
class Count:
    """Outcomes of many files."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    memory_mib: float = 0.0

    def add(self, name: str, outcome: str, *, seconds: float, memory_mib: float) -> None:
        """Take one."""
        kind = outcome.split(":", maxsplit=1)[0]
        self.outcomes[kind] += 1
        if ":" in outcome or kind in ("crash", "hang"):
            self.failures.append(f"{name}: {outcome}")
        self.slowest_s, self.memory_mib = max(self.slowest_s, seconds), max(self.memory_mib, memory_mib)


def run_files(kind: str, n_files: int, *, seed: int, within_s: float = math.inf, progress_every: int = 500) -> Count:
    """Read files in child processes; one that dies or hangs is replaced after the file that did it.

    Args:
        kind: `mutations` or `cases`.
        n_files: how many.
        seed: of the mutations.
        within_s: seconds after which no more files are read.
        progress_every: files between two lines of progress.
    """
    end_s = time.monotonic() + within_s
    count, first = Count(), 0
    with tempfile.TemporaryDirectory(prefix="avse-torture-") as folder:
        while first < n_files:
            for line in _worker(kind, Path(folder), first, n_files, seed):
                name = line["name"]
                count.add(name, line["outcome"], seconds=line["seconds"], memory_mib=line["memory_mib"])
                first = line["number"] + 1
                if first % progress_every == 0:
                    print(f"{kind}: {first} of {n_files}: {dict(count.outcomes)}", file=sys.stderr)
                if time.monotonic() > end_s:
                    return count
    return count


def _worker(kind: str, folder: Path, first: int, end: int, seed: int) -> Iterator[dict[str, object]]:
    namespace = ["unshare", "-rn"] if _can_unshare() else []
    command = [*namespace, sys.executable, str(WORKER), kind, str(folder), str(first), str(end), str(seed)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=folder)
    assert process.stdout is not None
    current: dict[str, object] = {"number": first, "name": "start"}
    with _ended(process), selectors.DefaultSelector() as selector, process.stdout as output:
        selector.register(output, selectors.EVENT_READ)
        limit_s = START_S
        while True:
            if not selector.select(timeout=limit_s):
                process.kill()
                process.wait()
                yield {**current, "outcome": f"hang: above {limit_s:g} s", "seconds": limit_s, "memory_mib": 0.0}
                return
            text = output.readline()
            if not text:
                break
            line = json.loads(text)
            if "begin" in line:
                current, limit_s = {"number": line["begin"], "name": line["name"]}, LONGEST_WAIT_S
                continue
            if line["seconds"] > LONGEST_S:
                line["outcome"] = f"hang: {line['seconds']:.0f} s"
            yield {**current, **{key: line[key] for key in ("outcome", "seconds", "memory_mib")}}
            current = {"number": line["end"] + 1, "name": "between files"}
    code = process.wait()
    if code != 0:
        yield {**current, "outcome": f"crash: exit code {code}", "seconds": 0.0, "memory_mib": 0.0}


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """No process outlives the loop over its results, even one that is left early."""
    try:
        yield
    except GeneratorExit:
        process.kill()
        process.wait()
        raise


def _can_unshare() -> bool:
    return shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "-rn", "true"], check=False, capture_output=True).returncode == 0  # fmt: skip


def full_disks(n_limits: int) -> Counter[str]:
    """Write each format with room for a part of it only, and count what is left."""
    found: Counter[str] = Counter()
    waveform = 0.3 * np.random.default_rng(0).standard_normal((1, 240_000)).astype(np.float32)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with tempfile.TemporaryDirectory(prefix="avse-torture-") as folder:
        for suffix in WRITABLE:
            whole = Path(folder) / f"whole{suffix}"
            _write(whole, waveform)
            size = whole.stat().st_size
            for limit in np.linspace(1, size - 1, n_limits).astype(int):
                path = Path(folder) / f"cut{suffix}"
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), before[1]))
                try:
                    outcome = _write(path, waveform)
                finally:
                    resource.setrlimit(resource.RLIMIT_FSIZE, before)
                left = [other for other in Path(folder).iterdir() if not other.name.startswith("whole")]
                found["leftover" if left else outcome] += 1
                for other in left:
                    other.unlink()
            whole.unlink()
    return found


def read_only_disk() -> Counter[str]:
    """Write each format to a disk that is mounted read-only, where this machine lets us mount one."""
    with tempfile.TemporaryDirectory(prefix="avse-torture-") as folder:
        program = (
            f'mount -t tmpfs -o ro none "{folder}" && exec "{sys.executable}" -m benchmarks.torture.media --only-disk'
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", f'{program} "{folder}"'], check=False, capture_output=True, text=True,
            env=environment, cwd=ROOT,
        )  # fmt: skip
    return Counter(json.loads(done.stdout)) if done.returncode == 0 else Counter()


def write_all(folder: Path) -> Counter[str]:
    """Write each format into a folder, and count what came of it."""
    waveform = np.zeros((1, 48_000), dtype=np.float32)
    found = Counter(_write(folder / f"new{suffix}", waveform) for suffix in WRITABLE)
    found["leftover"] += len(list(folder.iterdir()))
    return +found


def _write(path: Path, waveform: np.ndarray) -> str:
    try:
        with AudioWriter(path, sample_rate=48000, n_channels=1) as writer:
            for start in range(0, waveform.shape[1], 10_000):
                writer.write(waveform[:, start : start + 10_000])
    except MediaError:
        return "refused"
    except Exception as error:  # noqa: BLE001 - any other error is what is looked for
        return f"traceback: {type(error).__name__}"
    return "written"


def connections() -> int:
    """Open files whose names or contents are addresses of a server that counts; how often it was called."""
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as folder:
        port, calls = server.getsockname()[1], []
        threading.Thread(target=_accept, args=(server, calls), daemon=True).start()
        address = f"127.0.0.1:{port}"
        names = [f"{scheme}:{address}" for scheme in ("http", "tcp", "rtmp", "ftp", "udp", "hls+http", "async:http")]
        texts = {f"list{number}.{suffix}": text.format(address) for number, (suffix, text) in enumerate(PLAYLISTS)}
        before = Path.cwd()
        os.chdir(folder)
        try:
            for name in (*names, *texts):
                if name in texts:
                    Path(name).write_text(texts[name])
                for path in (Path(name), Path(folder) / name):
                    for reader in (AudioReader, VideoReader):
                        try:
                            with reader(path):
                                pass
                        except MediaError:
                            continue
                if name in names:
                    Path(name).write_bytes(b"RIFF")
        finally:
            os.chdir(before)
        time.sleep(0.5)
        return len(calls)


PLAYLISTS = (
    ("m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://{}/a.ts\n#EXT-X-ENDLIST\n"),
    ("mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://{}/a.ts\n#EXT-X-ENDLIST\n"),
    ("txt", "ffconcat version 1.0\nfile http://{}/a.mp4\n"),
    ("mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>http://{}/</BaseURL></MPD>'),
    ("sdp", "v=0\nc=IN IP4 {}\nm=audio 9 RTP/AVP 0\n"),
)


def _accept(server: socket.socket, calls: list[object]) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        calls.append(address)
        connection.close()


def main(argv: list[str] | None = None) -> int:
    """Run all parts; exit 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=10_000, help="damaged files (default: 10000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--within-s", type=float, default=math.inf, help="damage no more files after so many seconds")
    parser.add_argument("--only-disk", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.only_disk:
        print(json.dumps(write_all(options.only_disk)))
        return 0
    started = time.monotonic()
    sys.path.insert(0, str(ROOT / "tests" / "hostile"))
    from hostile_cases import all_cases

    counts = {
        "hostile media": run_files("cases", len(all_cases()), seed=options.seed),
        "damaged files": run_files("mutations", options.mutations, seed=options.seed, within_s=options.within_s),
    }
    disks, n_calls = {"full disks": full_disks(20), "read-only disk": read_only_disk()}, connections()
    kinds = ["wrong", "tracebacks", "crashes", "hangs", "leftovers"]
    lines = [["media", "files", "right or refused", *kinds, "slowest, s", "largest memory, MiB"]]
    for name, count in counts.items():
        good = sum(n for kind, n in count.outcomes.items() if kind.startswith(("read", "refused")))
        bad = [str(count.outcomes[kind]) for kind in ("wrong", "traceback", "crash", "hang", "leftover")]
        lines.append([name, str(sum(count.outcomes.values())), str(good), *bad, f"{count.slowest_s:.1f}",
                      f"{count.memory_mib:.0f}"])  # fmt: skip
    is_safe = True
    for name, found in disks.items():
        others = found.total() - found["refused"] - found["leftover"] - found["written"]
        columns = (found.total(), found["refused"], found["written"], others, 0, 0, found["leftover"])
        lines.append([name, *map(str, columns), "", ""] if found else [name, "cannot be mounted here", *[""] * 8])
        is_safe &= found.total() == found["refused"]
    failures = [failure for count in counts.values() for failure in count.failures]
    body = table(lines) + f"\n\nConnections to a server that names and playlists point at: {n_calls}."
    body += "\n\n" + "\n".join(f"- {failure}" for failure in failures[:50]) if failures else ""
    command = f"python -m benchmarks.torture.media --mutations {options.mutations} --seed {options.seed}"
    if math.isfinite(options.within_s):
        command += f" --within-s {options.within_s:g}"
    write_section("Hostile media", body, command=command, wall_s=time.monotonic() - started)
    print(body)
    too_large = any(count.memory_mib > MEMORY_MIB for count in counts.values())
    return 1 if failures or not is_safe or n_calls or too_large else 0


if __name__ == "__main__":
    sys.exit(main())
