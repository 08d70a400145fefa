"""Cut videos into shards of clips: `python -m recipes.vatt.shards FOLDER_OF_VIDEOS SHARDS`.

Videos are cut in parallel; a killed run continues with the next video; what cannot be used is named in `problems.jsonl`
and skipped. Clips lie in `SHARDS/train`, `SHARDS/valid` and so on, all cut as `clips.json` says. Both folders may be
URLs, and so may `AVSE_DATA`, where the videos of a manifest lie; training reads a copy of the shards on a disk.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from avse.clips.captions import Caption
from avse.clips.cut import Clip, ClipConfig, cut_video, encode_clip
from avse.data.shard_index import write_index
from avse.data.shards import MAX_BYTES, ShardWriter
from avse.errors import AvseError
from avse.jobs.call import report_progress
from avse.jobs.places import Place, on_disk, path_or_url
from avse.jobs.places import written as written_to
from avse.jobs.share import parse_share
from recipes.executor import Command, add_options, own_share, parse, print_error, run_each
from recipes.vatt.clip_sources import ClipSource, faces_of, videos_in
from recipes.vatt.shard_places import DONE, begin, keep_to, shards_here


class Video(NamedTuple):
    """What became of a video."""

    id: str
    n_clips: int
    problems: list[str]
    """One line each."""
    done: bool
    """False if it could not be cut, and should be tried again."""


def cut_videos(
    part: tuple[int, list[ClipSource]], *, folder: Place, config: ClipConfig, written: frozenset[str], max_bytes: int
) -> list[Video]:
    """Cut some videos into shards of their own, and note which are done.

    Args:
        part: its number, by which its shards are named, and the videos.
        folder: of all shards; for a URL, they are cut here and put there.
        config: what clips are like.
        written: keys of the clips that are there already, perhaps of videos that were begun.
        max_bytes: of a shard.

    Raises:
        MediaError: shards cannot be put.
    """
    with shards_here(folder, number=part[0]) as here:
        return _cut_here(part, folder=here, config=config, written=written, max_bytes=max_bytes)


def _cut_here(
    part: tuple[int, list[ClipSource]], *, folder: Path, config: ClipConfig, written: frozenset[str], max_bytes: int
) -> list[Video]:
    number, sources = part
    videos: list[Video] = []
    with ExitStack() as stack:
        writers: dict[str, ShardWriter] = {}
        for source in sources:
            problems: list[str] = []
            n_clips, done = 0, True
            try:
                for split, key, files in _clips(source, config, written, problems):
                    if split not in writers:
                        writer = ShardWriter(folder / split, name=f"part{number}", max_bytes=max_bytes)
                        writers[split] = stack.enter_context(writer)
                    writers[split].write(key, files)
                    n_clips += 1
                    report_progress("cut", len(videos), len(sources))
            except AvseError as error:
                problems.append(str(error))
                done = False
            videos.append(Video(source.id, n_clips, problems, done))
    # Only now are all shards closed: a video that is noted is there.
    with (folder / DONE.format(number)).open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(video._asdict()) + "\n" for video in videos if video.done)
    return videos


def _clips(
    source: ClipSource,
    config: ClipConfig,
    written: frozenset[str],
    problems: list[str],
) -> Iterator[tuple[str, str, dict[str, bytes]]]:
    """A video's clips that are not there yet: split, key, files; `problems` grows."""
    captions, wrong = source.spoken()
    problems += wrong
    number, end_s = -1, 0.0
    for number, clip in enumerate(_cut(source, captions, config=config)):
        key = f"{source.id}__{number:05d}"
        end_s = clip.start_s + len(clip.frames) / config.fps
        if number == 0 and clip.waveform is None:
            problems.append(f"video {source.path} has no audio; its clips teach video and text alone")
        if key not in written:
            about = {**source.about, "source": source.id}
            yield source.split_of(number), key, encode_clip(replace(clip, about=about), config=config)
    if number < 0:
        problems.append(f"video {source.path} is shorter than half a clip and is skipped")
    elif source.valid_every:
        problems.append(f"video {source.path} is the only video; one in {source.valid_every} of its clips is held out")
    elif late := sum(caption.start_s >= end_s + config.duration_s for caption in captions):
        problems.append(f"video {source.path}: {late} captions lie past its end and are skipped")


def _cut(source: ClipSource, captions: list[Caption], *, config: ClipConfig) -> Iterator[Clip]:
    with ExitStack() as copies:
        path = copies.enter_context(on_disk(source.path))
        audio = None if source.audio is None else copies.enter_context(on_disk(source.audio))
        yield from cut_video(path, config=config, captions=captions, audio=audio)


def _name(part: tuple[int, list[ClipSource]]) -> str:
    return f"part{part[0]}"


def _lost(part: tuple[int, list[ClipSource]], error: AvseError) -> list[Video]:
    """The videos of a part whose process or machine was lost: the next run cuts them."""
    return [Video(source.id, 0, [f"was not cut: {error}"], done=False) for source in part[1]]


def main(argv: list[str] | None = None) -> int:
    """Write the shards; exit 1 if no clip could be made."""
    arguments = _arguments(argv)
    config = ClipConfig(
        duration_s=arguments.duration_s,
        fps=arguments.fps,
        height=arguments.height,
        sample_rate=arguments.sample_rate,
        mouth=tuple(arguments.mouth) if arguments.mouth else None,
    )
    try:
        if arguments.videos.is_dir():
            sources = videos_in(arguments.videos, valid_share=arguments.valid_share)
        else:
            sources = faces_of(arguments.videos)
        keep_to(config, arguments.shards)
        begun = begin(arguments.shards, share=parse_share(arguments.shard))
    except AvseError as error:
        print_error("shards", error)
        return 2
    written, known = begun.written, {row["id"] for row in begun.videos}
    before = [Video(**row) for row in begun.videos]
    sources = own_share([source for source in sources if source.id not in known], arguments)
    # Small parts: a killed run loses the shards that are not full, one for each process.
    n_parts = max(arguments.workers, min(len(sources), 8 * arguments.workers))
    parts = [(begun.first + number, sources[number::n_parts]) for number in range(min(n_parts, len(sources)))]
    work = partial(
        cut_videos, folder=arguments.shards, config=config, written=written, max_bytes=round(arguments.shard_mb * 2**20)
    )
    try:
        command = Command("shards", arguments.shards, asdict(config))
        cut = run_each(work, parts, arguments, command=command, name_of=_name, lost=_lost)
        done = list(tqdm(cut, total=len(parts), desc="cut", unit="part"))
    except (AvseError, OSError) as error:  # such as a disk that is full
        print_error("shards", f"{error}; the same command continues from here")
        return 1
    videos = [video for part in done for video in part]
    if arguments.shard is None and isinstance(arguments.shards, Path):
        for folder in {path.parent for path in arguments.shards.glob("*/*.tar")}:
            write_index(folder)
    problems = [(video.id, problem) for video in (*before, *videos) for problem in video.problems]
    with written_to(arguments.shards / "problems.jsonl", force=True) as temporary:
        lines = [json.dumps({"video": video, "problem": problem}) + "\n" for video, problem in problems]
        temporary.write_text("".join(lines), encoding="utf-8")
    for video, problem in problems:
        print(f"shards: {video}: {problem}", file=sys.stderr)
    n_clips = sum(video.n_clips for video in videos)
    print(f"{n_clips} clips cut, {len(written)} were there, {len(problems)} problems", file=sys.stderr)
    return 0 if n_clips or written or any(video.n_clips for video in before) else 1


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=path_or_url, help="a folder of videos, with captions beside them; or a manifest")
    parser.add_argument("shards", type=path_or_url, help="folder for the shards")
    defaults = ClipConfig()
    number, whole = _above(float, 0), _above(int, 0)
    parser.add_argument("--duration-s", type=number, default=defaults.duration_s, help="of a clip (default 3.2)")
    parser.add_argument("--fps", type=number, default=defaults.fps, help="video frames a second (default 10)")
    parser.add_argument("--height", type=_above(int, 7), default=defaults.height, help="pixels (default 240)")
    parser.add_argument("--sample-rate", type=whole, default=defaults.sample_rate, help="Hz (default 48000)")
    parser.add_argument(
        "--mouth", type=_above(int, 7), nargs=2, metavar=("H", "W"), help="cut mouths of this size, not video frames"
    )
    parser.add_argument("--valid-share", type=float, default=0.05, help="held out of a folder's videos (default 0.05)")
    parser.add_argument("--shard-mb", type=number, default=MAX_BYTES / 2**20, help="size of a shard (default 256)")
    add_options(parser)
    arguments = parse(parser, argv, stage="shards")
    if not 0 <= arguments.valid_share < 1:
        parser.error(f"argument --valid-share: must be 0 to below 1 but is {arguments.valid_share:g}")
    if arguments.duration_s * arguments.fps < 1:
        parser.error("argument --duration-s: a clip must hold a video frame or more; make it longer, or raise --fps")
    return arguments


def _above(kind: Callable[[str], float], least: float) -> Callable[[str], float]:
    """For argparse: reads a number above another one."""

    def read(text: str) -> float:
        value = kind(text)
        if not (value > least and math.isfinite(value)):
            raise argparse.ArgumentTypeError(f"must be above {least:g} but is {text}")
        return value

    read.__name__ = kind.__name__  # argparse names it where the text is no number
    return read


if __name__ == "__main__":
    sys.exit(main())
