"""Time and memory of `avse-enhance` on long videos: `python benchmarks/long_files.py --minutes 10 60`.

Each video is a drawn talker, repeated; each run is a process of its own, whose largest resident memory is measured.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import in_noise, render_video, write_video
from avse.synthetic.voice import speak

FPS = 12.5
RATE = 16000
PROGRAM = """
import resource, sys
from pathlib import Path
from avse.cli.enhance import main
code = main(sys.argv[1:])
status = Path("/proc/self/status")
if status.is_file():  # on Linux ru_maxrss holds what the process that started this one had
    kibibytes = int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
else:
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(kibibytes / 1024, file=sys.stderr)
sys.exit(code)
"""
"""Runs `avse-enhance` and prints its largest resident memory, MiB."""


def make_video(path: Path, *, minutes: float) -> None:
    """Write a video of the same ten seconds again and again."""
    rng = np.random.default_rng(0)
    voice = speak(rng, duration_s=10.0)
    images = render_video(PEOPLE[0], voice.opening_at(np.arange(125) / FPS), rng, size=(160, 160))
    n_repeats = max(1, round(minutes * 6))
    write_video(
        path,
        images * n_repeats,
        timestamps_s=np.arange(len(images) * n_repeats) / FPS,
        waveform=np.tile(in_noise(voice, rng), n_repeats),
        sample_rate=RATE,
    )


def measure(path: Path, output: Path, *options: str) -> dict[str, float]:
    """Enhance a video in a process of its own, with more options of `avse-enhance`."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), "-o", str(output), "--force", *options],
        capture_output=True,
        text=True,
        check=True,
    )
    return {"wall_s": time.monotonic() - started, "memory_mib": float(done.stderr.strip().splitlines()[-1])}


def main() -> None:
    """Print one line for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10, 60])
    options = parser.parse_args()
    print(f"{'minutes':>8} {'wall s':>8} {'x real time':>12} {'memory MiB':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for minutes in options.minutes:
            path = Path(folder) / "video.mp4"
            make_video(path.with_stem(f"video{minutes:g}"), minutes=minutes)
            result = measure(path.with_stem(f"video{minutes:g}"), Path(folder) / "out.wav")
            speed = 60 * minutes / result["wall_s"]
            print(f"{minutes:8g} {result['wall_s']:8.1f} {speed:12.1f} {result['memory_mib']:11.0f}", flush=True)


if __name__ == "__main__":
    main()
