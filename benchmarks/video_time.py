"""Time and memory on videos as cameras make them: `python -m benchmarks.video_time --duration-s 60 --write`.

Videos of 720, 1080 and 2160 lines with several faces, composed of the data pack's (`benchmarks/composer.py`), go
through `avse-enhance --speaker auto` in processes of their own. Beside it what cannot be saved: decoding the video
once, and enhancing its audio alone.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import av

from benchmarks.composer import write_video
from benchmarks.composition import FPS, Composition, compose
from benchmarks.long_files import measure
from benchmarks.torture.record import table, write_section

VIDEOS = ((720, "pair", 1.0), (1080, "pair", 1.0), (2160, "grid", 0.2))
"""Lines, kind of composition, share of the duration: drawing the largest takes minutes."""


def rows_of(*, splits: list[str], duration_s: float) -> list[list[str]]:
    """Lines of the table."""
    rows = [
        ["video", "faces", "wall s", "of real time", "decoding s", "audio-only s", "wall / both", "peak memory MiB"]
    ]
    with tempfile.TemporaryDirectory() as folder:
        for height, kind, share in VIDEOS:
            path, output = Path(folder) / f"{height}.mp4", Path(folder) / "enhanced.mp4"
            composition = compose(
                kind, seed=height, splits=tuple(splits), n_parts=max(1, round(share * duration_s / 3))
            )
            write_video(scaled(composition, height), path)
            length_s = composition.n_frames / FPS
            decoding_s = decode(path)
            audio_only_s = measure(path, output, "--audio-only")["wall_s"]
            whole = measure(path, output)
            rows.append([
                f"{height}p25, {length_s:.0f} s", str(len(composition.actors)), f"{whole['wall_s']:.1f}",
                f"{whole['wall_s'] / length_s:.3f}", f"{decoding_s:.1f}", f"{audio_only_s:.1f}",
                f"{whole['wall_s'] / (decoding_s + audio_only_s):.2f}", f"{whole['memory_mib']:.0f}",
            ])  # fmt: skip
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    return rows


def decode(path: Path) -> float:
    """Seconds that decoding all video frames takes, with as many threads as the decoder likes."""
    started = time.monotonic()
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass
    return time.monotonic() - started


def scaled(composition: Composition, height: int) -> Composition:
    """The same composition in a frame of another height."""
    factor = height / composition.height
    actors = [
        replace(
            actor, centre=(actor.centre[0] * factor, actor.centre[1] * factor), size=actor.size * factor,
            sway=(actor.sway[0] * factor, actor.sway[1] * factor),
        )
        for actor in composition.actors
    ]  # fmt: skip
    width = round(composition.width * factor / 2) * 2
    return replace(composition, width=width, height=height, actors=actors, background="curtain")


def main() -> None:
    """Print the table, or write it into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", default="test_seen,test_unseen", help="whose faces; test people to report only")
    parser.add_argument("--duration-s", type=float, default=60.0, help="of the longest videos (default 60)")
    parser.add_argument("--write", action="store_true", help="write the section of benchmarks/RESULTS.md")
    options = parser.parse_args()
    started = time.monotonic()
    body = table(rows_of(splits=options.splits.split(","), duration_s=options.duration_s))
    if options.write:
        command = f"python -m benchmarks.video_time {' '.join(sys.argv[1:])}"
        write_section("Time and memory by the video's size", body, command=command, wall_s=time.monotonic() - started)
    else:
        print(body)


if __name__ == "__main__":
    main()
