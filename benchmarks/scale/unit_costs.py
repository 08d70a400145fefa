"""What an hour of video costs, in core-hours and bytes: `python -m benchmarks.scale.unit_costs`.

A generated talker of some seconds at three sizes goes through each step in a process of its own; its time on a core
over the video's length is the cost, less that of a process that only starts. `benchmarks.scale.plan` multiplies these.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import in_noise, render_video, write_video
from avse.synthetic.voice import speak
from benchmarks.torture.record import table, write_section

SIZES = {"360p": (360, 480), "720p": (720, 1280)}
RATE = 16000
REPEATS = 30
"""Times that the audio is repeated where it is enhanced alone, which takes too little of a core to be measured else."""


def make(folder: Path, *, seconds: float) -> None:
    """A talker at each size, and his voice in noise."""
    import soundfile

    rng = np.random.default_rng(3)
    voice = speak(rng, duration_s=seconds)
    noisy = in_noise(voice, rng)
    times_s = np.arange(round(25 * seconds)) / 25
    soundfile.write(folder / "noisy.wav", noisy, RATE)
    soundfile.write(folder / "audio.wav", np.tile(noisy, REPEATS), RATE)
    drawn = render_video(PEOPLE[0], voice.opening_at(times_s), np.random.default_rng(4))
    for name, (height, width) in SIZES.items():
        images = [cv2.resize(image, (width, height)) for image in drawn]
        write_video(folder / f"{name}.mp4", images, timestamps_s=times_s, waveform=noisy, sample_rate=RATE)


def core_s(arguments: list[str]) -> float:
    """Time on a core of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"unit_costs: error: {done.stderr[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(argv: list[str] | None = None) -> int:
    """Measure, and write the section of the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each video")
    arguments = parser.parse_args(argv)
    started_s, seconds = time.monotonic(), arguments.seconds
    rows = [["step", "core-hours an hour of video", "start, core-s a process"]]
    costs: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="avse-") as scratch:
        for part, length_s in (("short", 2.0), ("long", 2.0 + seconds)):
            (Path(scratch) / part).mkdir()
            make(Path(scratch) / part, seconds=length_s)
        enhance = ["-m", "avse.cli.enhance"]
        steps = {
            "enhance, audio-only": [*enhance, "{}/audio.wav", "-o", "{}/a.wav", "--audio-only"],
            **{f"enhance, video {name}": [*enhance, f"{{}}/{name}.mp4", "-o", f"{{}}/{name}.wav"] for name in SIZES},
        }  # fmt: skip
        for name, words in steps.items():
            short, long = (core_s([word.replace("{}", f"{scratch}/{part}") for word in words])
                           for part in ("short", "long"))  # fmt: skip
            n_times = REPEATS if "audio-only" in name else 1
            costs[name] = (long - short) / (n_times * seconds)
            rows.append([name, f"{costs[name]:.3f}", f"{short - 2.0 * n_times * costs[name]:.2f}"])
            print(rows[-1], file=sys.stderr, flush=True)
        sizes = {name: (Path(scratch) / "long" / name).stat().st_size / (seconds + 2) * 3600 / 1e6
                 for name in ("noisy.wav", *(f"{size}.mp4" for size in SIZES))}  # fmt: skip
    storage = ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items())
    text = f"{table(rows)}\n\nAn hour on disk: {storage}. Each cost is the difference of two lengths, one run each."
    write_section("Unit costs", text, command=f"python -m benchmarks.scale.unit_costs --seconds {seconds:g}",
                  wall_s=time.monotonic() - started_s)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
