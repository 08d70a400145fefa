"""How fast enhancement is: `OMP_NUM_THREADS=1 python -m benchmarks.enhance --write`, after `pip install '.[bench]'`.

In one run, so that the ratios hold on any machine: the models alone on one thread beside noisereduce, logmmse and
RNNoise; the whole command, with all threads, on videos of 360 and 1080 lines beside the time of decoding them; and the
start of a cold process.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from avse.enhance.enhancer import Enhancer
from avse.faces.mouth import MouthTrack, track_mouth
from avse.media.video import VideoReader
from avse.models import pretrained
from avse.models.registry import MODELS
from avse.report.document import markdown_table
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import in_noise, render_video, write_video
from avse.synthetic.voice import speak
from avse.types import Waveform
from benchmarks.torture.record import write_section

TITLE = "Speed"
RATE = 16000
DURATION_S = 30.0
REPEATS = 3


def fastest_s(work: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs: the others were disturbed."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def enhancing_models() -> list[str]:
    """Names of the installed models that enhance."""
    return [name for name in pretrained.names() if MODELS[name].enhancer]


def models_alone(audio: Waveform, mouth: MouthTrack) -> list[list[str]]:
    """Real-time factors of our models and of others, audio in and audio out."""
    import torch

    torch.set_num_threads(1)
    works: dict[str, Callable[[], object]] = {}
    for name in enhancing_models():
        enhancer = Enhancer.load(name)
        works[f"avse {name}"] = lambda e=enhancer: e.enhance(audio, sample_rate=RATE, mouth=mouth)  # type: ignore[misc]
        works[f"avse {name}, audio-only"] = lambda e=enhancer: e.enhance(audio, sample_rate=RATE)  # type: ignore[misc]
        if hasattr(enhancer.model, "hear"):
            works[f"avse {name}, blocks of 16 ms"] = lambda e=enhancer: _in_blocks(e, audio, mouth)  # type: ignore[misc]
    works |= _others(audio)
    rows = [["one thread", "real-time factor"]]
    rows += [[name, f"{fastest_s(work) * RATE / len(audio):.4f}"] for name, work in works.items()]
    return rows


def _in_blocks(enhancer: Enhancer, audio: Waveform, mouth: MouthTrack) -> None:
    stream = enhancer.stream(sample_rate=RATE, n_channels=1, mouth=mouth)
    for start in range(0, len(audio), 256):
        stream.push(audio[None, start : start + 256])
    stream.finish()


def _others(audio: Waveform) -> dict[str, Callable[[], object]]:
    """Enhancers that anyone can install by name; those that are not there are skipped."""
    found: dict[str, Callable[[], object]] = {}
    coarse = (audio * 32767).astype(np.int16)
    try:
        import noisereduce

        found["noisereduce"] = lambda: noisereduce.reduce_noise(y=audio, sr=RATE)
    except ImportError:
        print("noisereduce is not installed", file=sys.stderr)
    try:
        from logmmse import logmmse

        found["logmmse"] = lambda: logmmse(coarse, RATE)
    except ImportError:
        print("logmmse is not installed", file=sys.stderr)
    try:
        from pyrnnoise import RNNoise

        def rnnoise() -> None:
            for _ in RNNoise(sample_rate=RATE).denoise_chunk(coarse[None]):
                pass

        found["RNNoise (pyrnnoise)"] = rnnoise
    except ImportError:
        print("pyrnnoise is not installed", file=sys.stderr)
    return found


def whole_command(folder: Path, *, height: int) -> list[str]:
    """One video from file to file, beside the time of decoding it."""
    path = folder / f"{height}.mp4"
    _write_video(path, height=height)
    command = [sys.executable, "-m", "avse.cli.enhance", str(path), "-o", str(folder / "out.wav"), "--force"]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    wall_s = fastest_s(lambda: subprocess.run(command, check=True, capture_output=True, env=environment))
    decode_s = fastest_s(lambda: _decode(path))
    enhancer = Enhancer.load()
    with VideoReader(path, max_height=480) as reader:
        mouth = track_mouth(reader.frames(), crop_size=enhancer.model.crop_size)
    audio = np.zeros(round(DURATION_S * RATE), dtype=np.float32)
    model_s = fastest_s(lambda: enhancer.enhance(audio, sample_rate=RATE, mouth=mouth))
    factor, ratio = wall_s / DURATION_S, wall_s / (decode_s + model_s)
    return [
        f"{height}p25, {DURATION_S:g} s",
        f"{wall_s:.2f}",
        f"{factor:.3f}",
        f"{decode_s:.2f}",
        f"{model_s:.2f}",
        f"{ratio:.2f}",
    ]


def _write_video(path: Path, *, height: int) -> None:
    rng = np.random.default_rng(0)
    voice = speak(rng, duration_s=10.0)
    images = render_video(
        PEOPLE[0], voice.opening_at(np.arange(250) / 25), rng, size=(height * 16 // 9 // 2 * 2, height)
    )
    n_repeats = round(DURATION_S / 10)
    write_video(path, images * n_repeats, timestamps_s=np.arange(250 * n_repeats) / 25,
               waveform=np.tile(in_noise(voice, rng), n_repeats), sample_rate=RATE)  # fmt: skip


def _decode(path: Path) -> None:
    """What `ffmpeg -i in -f null -` does; by FFmpeg's libraries where the program is not installed."""
    program = shutil.which("ffmpeg")
    if program:
        subprocess.run([program, "-v", "error", "-i", str(path), "-f", "null", "-"], check=True)
        return
    import av

    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode():
            pass


def cold_start(folder: Path) -> list[list[str]]:
    """From the command to the file, in a new process."""
    rng = np.random.default_rng(1)
    voice = speak(rng, duration_s=3.0)
    images = render_video(PEOPLE[0], voice.opening_at(np.arange(75) / 25), rng)
    write_video(folder / "cold.mp4", images, timestamps_s=np.arange(75) / 25, waveform=in_noise(voice, rng),
               sample_rate=RATE)  # fmt: skip
    rows = [["cold process, clip of 3 s", "wall s"]]
    for name in enhancing_models():
        command = [sys.executable, "-m", "avse.cli.enhance", str(folder / "cold.mp4"), "-o", str(folder / "cold.wav"),
                   "--force", "--model", name]  # fmt: skip
        environment = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
        times = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            times.append(time.perf_counter() - started)
        rows.append([f"avse-enhance --model {name}", f"{statistics.median(times):.2f}"])
    return rows


def measure() -> list[str]:
    """The tables, in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_video(folder / "talk.mp4", height=240)
        enhancer = Enhancer.load()
        with VideoReader(folder / "talk.mp4") as reader:
            mouth = track_mouth(reader.frames(), crop_size=enhancer.model.crop_size)
        rng = np.random.default_rng(0)
        audio = np.tile(in_noise(speak(rng, duration_s=10.0), rng), 3)[: round(DURATION_S * RATE)]
        header = ["video", "wall s", "real-time factor", "decoding s", "model s", "wall / (decoding + model)"]
        tables = [
            models_alone(audio, mouth),
            [header, *(whole_command(folder, height=height) for height in (360, 1080))],
            cold_start(folder),
        ]
    return [markdown_table(table) for table in tables]


def main() -> None:
    """Print the tables, and write them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the section of benchmarks/RESULTS.md")
    arguments, started = parser.parse_args(), time.monotonic()
    warnings.simplefilter("ignore")
    body = "\n\n".join(measure())
    print(body)
    if arguments.write:
        note = "Fastest of three runs, the cold start the median of five.\n\n"
        command = "OMP_NUM_THREADS=1 python -m benchmarks.enhance --write"
        write_section(TITLE, note + body, command=command, wall_s=time.monotonic() - started)


if __name__ == "__main__":
    main()
