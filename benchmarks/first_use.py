"""How long a newcomer waits: `python -m benchmarks.first_use`, from nothing to the first enhanced video of their own.

The wheel is built first, as an index would offer it. Then each installer begins with no environment at all but with the
packages in its cache (`--cold` fills it first, in a run that does not count): pip in a new virtual environment, pipx,
and uvx, as far as they are installed. The commands are those that people type; each is timed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.torture.record import table, write_section

ROOT = Path(__file__).parents[1]
TARGET_S = 180.0
MOST_COMMANDS = 3
VIDEO = "talk.mp4"


def ways(wheel: Path, folder: Path) -> dict[str, list[list[str]]]:
    """Commands of each installer that is there, from nothing to an enhanced video.

    Args:
        wheel: of avse.
        folder: an empty one, for what is installed.
    """
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    found = {
        "pip": [
            [sys.executable, "-m", "venv", str(folder / "venv")],
            [str(scripts / "pip"), "install", "--quiet", "--only-binary", ":all:", str(wheel)],
            [str(scripts / "avse-enhance"), VIDEO, "-o", "pip.mp4"],
        ]
    }
    if shutil.which("pipx"):
        found["pipx"] = [
            ["pipx", "install", "--quiet", str(wheel)],
            [str(folder / "pipx/bin/avse-enhance"), VIDEO, "-o", "pipx.mp4"],
        ]
    if shutil.which("uvx"):
        found["uvx"] = [["uvx", "--from", str(wheel), "avse-enhance", VIDEO, "-o", "uvx.mp4"]]
    return found


def timed_s(commands: list[list[str]], *, folder: Path) -> list[float]:
    """Seconds of each command, run in `folder`.

    Raises:
        SystemExit: one of them fails; with what it said.
    """
    constraints = ROOT / "constraints.txt"
    places = {
        "PIPX_HOME": folder / "pipx", "PIPX_BIN_DIR": folder / "pipx/bin", "PIP_CONSTRAINT": constraints,
        "UV_CONSTRAINT": constraints,
    }  # fmt: skip
    environment = {**os.environ, **{name: str(place) for name, place in places.items()}}
    environment.pop("PYTHONPATH", None)
    seconds = []
    for command in commands:
        started = time.monotonic()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        seconds.append(time.monotonic() - started)
    return seconds


def measure(wheel: Path, video: Path, *, is_cold: bool) -> list[list[str]]:
    """A line for each installer: commands, seconds until the command is there, seconds until the video is enhanced."""
    lines = [["installer", "commands", "installed after, s", "first video enhanced after, s"]]
    for name in ways(wheel, wheel.parent):
        for _ in range(2 if is_cold else 1):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place)
                shutil.copy(video, folder / VIDEO)
                commands = ways(wheel, folder)[name]
                seconds = timed_s(commands, folder=folder)
                if not (folder / f"{name}.mp4").is_file():
                    raise SystemExit(f"{name}: there is no enhanced video")
        installed = f"{sum(seconds[:-1]):.0f}" if len(seconds) > 1 else "-"
        lines.append([name, str(len(commands)), installed, f"{sum(seconds):.0f}"])
    return lines


def main(argv: list[str] | None = None) -> int:
    """Build, measure, write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, help="of one's own (default: a generated talker, 10 s)")
    parser.add_argument("--cold", action="store_true", help="fill the caches first")
    parser.add_argument("--dry-run", action="store_true", help="print the table, do not write it down")
    options = parser.parse_args(argv)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # From a copy: what an earlier build left in the checkout would get into the wheel.
        source = shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(".*", "build", "exp", "tests"))
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = folder.glob("*.whl")
        video = options.video or _generated(folder / VIDEO)
        lines = measure(wheel, video, is_cold=options.cold)
    print(table(lines))
    slowest_s = max(float(line[3]) for line in lines[1:])
    n_commands = max(int(line[1]) for line in lines[1:])
    is_met = slowest_s <= TARGET_S and n_commands <= MOST_COMMANDS
    load = f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores." if hasattr(os, "getloadavg") else ""
    body = (
        f"A clean environment, the packages in the installer's cache, a video of 10 s. Target {TARGET_S:g} s and "
        f"{MOST_COMMANDS} commands: {'met' if is_met else 'missed'}. {load}\n\n{table(lines)}"
    )
    if not options.dry_run:
        command = "python -m benchmarks.first_use" + (" --cold" if options.cold else "")
        write_section("First use", body, command=command, wall_s=time.monotonic() - started)
    return 0


def _generated(path: Path) -> Path:
    import numpy as np

    from avse.synthetic.head import PEOPLE
    from avse.synthetic.talker import in_noise, render_video, write_video
    from avse.synthetic.voice import speak

    rng, fps = np.random.default_rng(0), 25
    voice = speak(rng, duration_s=10.0)
    times_s = np.arange(10 * fps) / fps
    images, noisy = render_video(PEOPLE[0], voice.opening_at(times_s), rng), in_noise(voice, rng)
    write_video(path, images, timestamps_s=times_s, waveform=noisy, sample_rate=voice.sample_rate)
    return path


if __name__ == "__main__":
    sys.exit(main())
