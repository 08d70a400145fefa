"""Enhance and score long videos: `python -m recipes.speech_benchmark.long_scores FOLDER --videos LIST ... --model M`.

FOLDER gets `long_noisy.jsonl` without `--model`, else `long_none.jsonl` (audio-only), `long_own.jsonl` (with video),
and one file for each bad video: frozen, late, stranger, covered, low_resolution. Each video is a row. Enhanced audio is
not kept, for it would be gigabytes. A killed run continues where it was; rows of other weights or data are replaced.
With `--shard i/n` a share of the videos is scored into parts of its own; the command without it takes the parts of all
shares and writes the files. All places but the model's may be URLs, `AVSE_DATA` among them.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from avse.data.manifest import data_place, read_manifest
from avse.errors import AvseError
from avse.jobs.places import Place, path_or_url
from avse.jobs.share import parse_share
from recipes.executor import Command, add_options, own_share, parse, print_error, run_each
from recipes.speech_benchmark.loaded import Model, load_enhancer
from recipes.speech_benchmark.mouths import BAD, CONDITIONS
from recipes.speech_benchmark.reader import RATE, LongReader
from recipes.speech_benchmark.row_keys import video_keys
from recipes.speech_benchmark.score_file import ScoreFile
from recipes.speech_benchmark.score_segments import WHOLE, Row, score_video
from recipes.speech_benchmark.videos import LongVideo, read_videos

TEST_SPLITS = "test_seen,test_unseen,synthetic"
BAD_SCENARIOS = ("noise", "talkers")
BAD_LONGEST_S = 20.0
"""Bad videos are tried in these scenarios, up to this length: more would take longer and tell little more."""


class Task(NamedTuple):
    """What a process does in one run: one video in the conditions that are still to do."""

    video: LongVideo
    conditions: tuple[str, ...]


def is_tried(video: LongVideo, condition: str) -> bool:
    """Whether a video is enhanced in a condition."""
    return condition not in BAD or (video.scenario in BAD_SCENARIOS and video.length_s <= BAD_LONGEST_S)


def score_task(task: Task, *, model: Model | None, reader: "ReaderOptions") -> dict[str, Row]:
    """Score one video in some conditions, by condition; one that cannot be read has null scores and a reason."""
    torch.set_num_threads(1)
    try:
        mixture = _reader(reader).read(task.video)
    except AvseError as error:
        failed = dict.fromkeys(WHOLE, str(error))
        return {
            c: {"id": task.video.id, **dict.fromkeys(WHOLE), "segments": [], "failed": failed} for c in task.conditions
        }
    if model is None:
        return {"noisy": {"id": task.video.id, **score_video(mixture, mixture.noisy)}}
    rows = {}
    for condition in task.conditions:
        mouth = CONDITIONS[condition](mixture.own, mixture.stranger)
        estimate = load_enhancer(model).enhance(mixture.noisy, sample_rate=RATE, mouth=mouth)
        rows[condition] = {"id": task.video.id, **score_video(mixture, estimate)}
    return rows


class ReaderOptions(NamedTuple):
    """What a process builds its reader from."""

    manifests: tuple[Place, ...]
    crops: Place


@lru_cache(maxsize=1)
def _reader(options: ReaderOptions) -> LongReader:
    items = [item for path in options.manifests for item in read_manifest(path)]
    return LongReader(items, root=data_place(), crops=options.crops)


def score_all(
    videos: list[LongVideo],
    files: dict[str, ScoreFile],
    *,
    work: partial[dict[str, Row]],
    arguments: argparse.Namespace,
) -> tuple[int, list[Row]]:
    """Score what no score file holds yet, and write the score files.

    Args:
        videos: of the chosen splits and this run's share.
        files: by condition.
        work: scores a task.
        arguments: of the command.

    Returns:
        How many rows were scored now, and all rows.
    """
    rows = {condition: {row["id"]: row for row in file.begun()} for condition, file in files.items()}
    wanted = {condition: [v for v in videos if is_tried(v, condition)] for condition in files}
    tasks = [
        Task(video, todo)
        for video in videos
        if (todo := tuple(c for c in files if is_tried(video, c) and video.id not in rows[c]))
    ]
    n_before = sum(map(len, rows.values()))
    command = Command("long_scores", arguments.folder, {"model": arguments.model, "device": arguments.device})
    done = run_each(work, tasks, arguments, command=command, name_of=lambda task: task.video.id, lost=_lost)
    for found in tqdm(done, total=len(tasks), desc="long videos", unit="video"):
        for condition, row in found.items():
            rows[condition][row["id"]] = row
            files[condition].keep(rows[condition].values())
    for condition, file in files.items():
        file.write([rows[condition][video.id] for video in wanted[condition]], [], mixtures=wanted[condition])
    return sum(map(len, rows.values())) - n_before, [row for found in rows.values() for row in found.values()]


def _reader_options(arguments: argparse.Namespace) -> ReaderOptions:
    return ReaderOptions(tuple(arguments.manifest), arguments.crops)


def _score_files(
    arguments: argparse.Namespace, videos: list[LongVideo], conditions: Sequence[str]
) -> dict[str, ScoreFile]:
    """One for each condition.

    Raises:
        AvseError: a manifest cannot be read.
    """
    items = [item for place in arguments.manifest for item in read_manifest(place)]
    given = {"model": arguments.model, "device": arguments.device, "metrics": [*WHOLE, "segments"]}
    keys = video_keys(videos, items, root=data_place(), crops=arguments.crops, **given)
    share = parse_share(arguments.shard)
    return {c: ScoreFile(arguments.folder / f"long_{c}.jsonl", keys=keys, share=share) for c in conditions}


def _lost(task: Task, error: AvseError) -> dict[str, Row]:
    """What was scored until then is kept; a list with holes would be taken for a finished one."""
    raise error


def main(argv: list[str] | None = None) -> int:
    """Enhance and score all videos that are not done yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("folder", type=path_or_url, help="where the scores go")
    add("--videos", type=path_or_url, required=True, help="list of long videos")
    add("--manifest", type=path_or_url, required=True, action="append",
        help="of the clips; once more for generated talkers")  # fmt: skip
    add("--crops", type=path_or_url, required=True, help="folder of the crops stage")
    add("--model", help="name or weights file; without it the noisy input is scored")
    add("--conditions", default=",".join(CONDITIONS), help="with commas between (default: %(default)s)")
    add("--splits", default=TEST_SPLITS, help="with commas between (default: %(default)s)")
    add("--device", default="cpu")
    add_options(parser)
    arguments = parse(parser, argv, stage="long_scores")
    conditions = arguments.conditions.split(",") if arguments.model else ["noisy"]
    if unknown := [c for c in conditions if c not in (*CONDITIONS, "noisy")]:
        parser.error(f"conditions must be of {', '.join(CONDITIONS)} but one is {unknown[0]!r}; correct it")
    try:
        videos = [v for v in read_videos(arguments.videos) if v.split in arguments.splits.split(",")]
        videos = own_share(videos, arguments)
        if isinstance(arguments.folder, Path):
            arguments.folder.mkdir(parents=True, exist_ok=True)
        files = _score_files(arguments, videos, conditions)
        model = Model.of(arguments.model, arguments.device) if arguments.model else None
        work = partial(score_task, model=model, reader=_reader_options(arguments))
        n_now, found = score_all(videos, files, work=work, arguments=arguments)
    except AvseError as error:
        print_error("long_scores", error)
        return 1
    failed = {row["id"]: row["failed"] for row in found if "failed" in row}
    for name, reasons in failed.items():
        print(f"failed: {name}: {next(iter(reasons.values()))}", file=sys.stderr)
    print(f"{n_now} rows scored of {len(videos)} long videos, the rest were done before", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
