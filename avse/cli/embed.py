"""The command `avse-embed`: videos as vectors, and a search among them by video, audio or text."""

import argparse
import sys
from pathlib import Path

from avse.cli.command import add_verbosity, as_usage_unless_media, log, run, say, show_progress, visible
from avse.cli.parser import CommandParser
from avse.errors import AvseError, ConfigError, reason_of

EPILOG = """examples:
  avse-embed write videos/ -o clips.npz --model vatt.safetensors
  avse-embed find clips.npz --video talk.mp4 --model vatt.safetensors      which clips sound like this video
  avse-embed find clips.npz --audio voice.wav --model vatt.safetensors     which clips look like this audio
  avse-embed find clips.npz --text "bin blue" --model vatt.safetensors     which clips match this sentence

The model is one that recipes.vatt.train wrote, or `vatt` of the package avse-vatt, and knows what it was trained on.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 done, 1 some video could not be embedded, 2 wrong usage.
    """
    return run(_parser(), _embed, argv)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-embed",
        description="Embed videos by a VATT, and search them by video, audio or words.",
        epilog=EPILOG,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="embed videos")
    write.add_argument("videos", nargs="+", type=Path, help="videos, or folders of them")
    write.add_argument("-o", "--output", type=Path, required=True, help=".npz or .parquet")
    write.add_argument("--force", action="store_true", help="replace a file that exists")
    find = commands.add_parser("find", help="search what was embedded")
    find.add_argument("embeddings", type=Path, help="what `avse-embed write` wrote")
    query = find.add_mutually_exclusive_group(required=True)
    query.add_argument(
        "--video", "--picture", type=Path, metavar="FILE", help="video or image: which clips sound like it?"
    )
    query.add_argument(
        "--audio", "--sound", type=Path, metavar="FILE", help="audio or video: which clips look like it?"
    )
    query.add_argument("--text", metavar="WORDS", help="which clips match these words?")
    find.add_argument("--sheet", type=Path, metavar="PNG", help="write an image with a frame of each clip found")
    find.add_argument("--force", action="store_true", help="replace a file that exists")
    find.add_argument("-n", type=_count, default=5, help="clips to show (default 5)")
    for command in (write, find):
        command.add_argument("--model", type=Path, required=True, help="weights file of a VATT, or vatt")
        command.add_argument("--device", default="cpu", help="cpu (default), cuda, mps")
        add_verbosity(command)
    return parser


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more but is {text}")
    return count


def _embed(options: argparse.Namespace) -> int:
    with as_usage_unless_media():
        return _write(options) if options.command == "write" else _find(options)


def _write(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from avse.extras import require

    require("torch", thing="avse-embed")
    from avse.media.output import check_output
    from avse.media.video import videos_under
    from avse.search.embedder import Embedder
    from avse.search.embeddings import check_suffix

    check_suffix(options.output)
    check_output(options.output, force=options.force)
    paths = [path for given in options.videos for path in (videos_under(given) if given.is_dir() else [given])]
    if not paths:
        raise ConfigError(f"folder {options.videos[0]} must hold videos but has none; name another folder")
    embedder, good, problems = Embedder(options.model, device=options.device), [], []
    bar = tqdm(paths, desc="embed", unit="video", leave=False, disable=not show_progress(options))
    for path in bar:
        try:
            good.append(embedder.embed_file(path))
        except Exception as error:  # noqa: BLE001 - whatever one file does to a decoder, the others are embedded
            log.debug("traceback of %s", path, exc_info=not isinstance(error, AvseError))
            problems.append(reason_of(error, thing=f"video {path}"))
    for problem in problems:
        log.error("%s", problem)
    if not good:
        return 1
    joined = good[0].joined(good[1:])
    joined.save(options.output, force=options.force)
    say(visible(f"{options.output}: {len(joined.path)} clips of {len(good)} videos"))
    return 1 if problems else 0


def _find(options: argparse.Namespace) -> int:
    from avse.extras import require

    require("torch", thing="avse-embed")
    from avse.data.bank import read_mono
    from avse.faces.contact_sheet import write_image
    from avse.media.output import check_output
    from avse.report.hit_sheet import Hit, hit_sheet
    from avse.search.embedder import Embedder
    from avse.search.embeddings import Embeddings, best

    if options.sheet is not None:
        check_output(options.sheet, force=options.force)
    embeddings = Embeddings.load(options.embeddings)
    embedder = Embedder(options.model, device=options.device)
    if embeddings.model != embedder.digest:
        raise ConfigError(
            f"embeddings {options.embeddings} must be of the model {options.model} but are of another; embed again"
        )
    if options.video:
        query, candidates = embedder.video(options.video), embeddings.audio_va
    elif options.audio:
        waveform = read_mono(options.audio, sample_rate=embedder.config.sample_rate)
        query, candidates = embedder.audio(waveform), embeddings.video_va
    else:
        query, candidates = embedder.words(options.text), embeddings.video_vt
    hits = best(query, candidates, n=options.n)
    for number, cosine in hits:
        start_s, end_s = embeddings.start_s[number], embeddings.end_s[number]
        say(f"{cosine:6.3f}  {start_s:8.2f} - {end_s:.2f} s  {visible(embeddings.path[number])}")
    if options.sheet is not None:
        tiles = [
            Hit(Path(str(embeddings.path[i])), float(embeddings.start_s[i]), float(embeddings.end_s[i]), cosine)
            for i, cosine in hits
        ]
        write_image(options.sheet, hit_sheet(tiles), force=options.force)
    return 0


if __name__ == "__main__":
    sys.exit(main())
