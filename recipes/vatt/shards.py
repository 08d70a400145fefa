"""Cut films into shards of clips: `python -m recipes.vatt.shards FOLDER_OF_FILMS SHARDS`.

Films are cut in parallel; a killed run goes on with the next film; what cannot be used is named in `problems.jsonl`
and skipped. Clips lie in `SHARDS/train`, `SHARDS/valid` and so on.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from avse.data.clips import ClipConfig, cut_film, encode_clip
from avse.data.shards import MAX_BYTES, ShardWriter, written_keys
from avse.errors import AvseError
from avse.media.output import beside
from avse.score import in_parallel
from recipes.vatt.sources import Source, faces_of, films_in

DONE = "done-{}.jsonl"
"""Beside the shards: the films that a part has done."""


class Film(NamedTuple):
    """What became of a film."""

    id: str
    n_clips: int
    problems: list[str]
    """One line each."""
    done: bool
    """False if it could not be cut, and should be tried again."""


def cut_films(
    part: tuple[int, list[Source]], *, folder: Path, config: ClipConfig, written: frozenset[str], max_bytes: int
) -> list[Film]:
    """Cut some films into shards of their own, and note which are done.

    Args:
        part: its number, by which its shards are named, and the films.
        folder: of all shards.
        config: what clips are like.
        written: keys of the clips that are there already, perhaps of films that were begun.
        max_bytes: of a shard.
    """
    number, sources = part
    films = []
    with ExitStack() as stack:
        writers: dict[str, ShardWriter] = {}
        for source in sources:
            problems: list[str] = []
            n_clips, done = 0, True
            try:
                for key, files in _clips(source, config, written, problems):
                    if source.split not in writers:
                        writer = ShardWriter(folder / source.split, name=f"part{number}", max_bytes=max_bytes)
                        writers[source.split] = stack.enter_context(writer)
                    writers[source.split].write(key, files)
                    n_clips += 1
            except AvseError as error:
                problems.append(str(error))
                done = False
            films.append(Film(source.id, n_clips, problems, done))
    # Only now are all shards closed: a film that is noted is there.
    with (folder / DONE.format(number)).open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(film._asdict()) + "\n" for film in films if film.done)
    return films


def _clips(
    source: Source,
    config: ClipConfig,
    written: frozenset[str],
    problems: list[str],
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """A film's clips that are not there yet, by key; `problems` grows."""
    captions, wrong = source.spoken()
    problems += wrong
    number, end_s = -1, 0.0
    for number, clip in enumerate(cut_film(source.path, config=config, captions=captions, sound=source.sound)):
        key = f"{source.id}__{number:05d}"
        end_s = clip.start_s + len(clip.frames) / config.fps
        if number == 0 and clip.waveform is None:
            problems.append(f"video {source.path} has no sound; its clips teach picture and text alone")
        if key not in written:
            about = {**source.about, "source": source.id}
            yield key, encode_clip(replace(clip, about=about), config=config)
    if number < 0:
        problems.append(f"video {source.path} is shorter than half a clip and is left out")
    elif late := sum(caption.start_s >= end_s + config.duration_s for caption in captions):
        problems.append(f"video {source.path}: {late} captions lie past its end and are left out")


def main(argv: list[str] | None = None) -> int:
    """Write the shards; exit 1 if no clip could be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, help="a folder of films, with captions beside them; or a manifest")
    parser.add_argument("shards", type=Path, help="folder for the shards")
    defaults = ClipConfig()
    parser.add_argument("--duration-s", type=float, default=defaults.duration_s, help="of a clip (default 3.2)")
    parser.add_argument("--fps", type=float, default=defaults.fps, help="pictures a second (default 10)")
    parser.add_argument("--height", type=int, default=defaults.height, help="pixels (default 240)")
    parser.add_argument("--sample-rate", type=int, default=defaults.sample_rate, help="Hz (default 48000)")
    parser.add_argument("--mouth", type=int, nargs=2, metavar=("H", "W"), help="cut mouths of this size, not pictures")
    parser.add_argument("--valid-share", type=float, default=0.05, help="of a folder's films (default 0.05)")
    parser.add_argument("--shard-mb", type=float, default=MAX_BYTES / 2**20, help="size of a shard (default 256)")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes (default 2)")
    arguments = parser.parse_args(argv)
    config = ClipConfig(
        duration_s=arguments.duration_s,
        fps=arguments.fps,
        height=arguments.height,
        sample_rate=arguments.sample_rate,
        mouth=tuple(arguments.mouth) if arguments.mouth else None,
    )
    try:
        if arguments.films.is_dir():
            sources = films_in(arguments.films, valid_share=arguments.valid_share)
        else:
            sources = faces_of(arguments.films)
        written = frozenset(written_keys(folder for folder in arguments.shards.glob("*") if folder.is_dir()))
    except AvseError as error:
        print(f"shards: error: {error}", file=sys.stderr)
        return 2
    before = [
        Film(**json.loads(line))
        for path in arguments.shards.glob(DONE.format("*"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    known = {film.id for film in before}
    sources = [source for source in sources if source.id not in known]
    # Small parts: a killed run loses the shards that are not full, one for each process.
    n_parts = max(arguments.n_jobs, min(len(sources), 8 * arguments.n_jobs))
    parts = [(number, sources[number::n_parts]) for number in range(min(n_parts, len(sources)))]
    arguments.shards.mkdir(parents=True, exist_ok=True)
    work = partial(
        cut_films, folder=arguments.shards, config=config, written=written, max_bytes=round(arguments.shard_mb * 2**20)
    )
    try:
        done = list(tqdm(in_parallel(work, parts, n_jobs=arguments.n_jobs), total=len(parts), desc="cut", unit="part"))
    except AvseError as error:
        print(f"shards: error: {error}", file=sys.stderr)
        return 1
    films = [film for part in done for film in part]
    problems = [(film.id, problem) for film in (*before, *films) for problem in film.problems]
    with beside(arguments.shards / "problems.jsonl", force=True) as temporary:
        lines = [json.dumps({"film": film, "problem": problem}) + "\n" for film, problem in problems]
        temporary.write_text("".join(lines), encoding="utf-8")
    for film, problem in problems:
        print(f"shards: {film}: {problem}", file=sys.stderr)
    n_clips = sum(film.n_clips for film in films)
    print(f"{n_clips} clips cut, {len(written)} were there, {len(problems)} problems", file=sys.stderr)
    return 0 if n_clips or written else 1


if __name__ == "__main__":
    sys.exit(main())
