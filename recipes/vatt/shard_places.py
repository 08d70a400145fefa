"""What lies beside shards of clips, in a folder or at a URL: how they are cut, and which videos are done."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from avse.clips.cut import ClipConfig
from avse.data.shards import written_keys
from avse.errors import ConfigError
from avse.jobs import urls
from avse.jobs.growing import read_text
from avse.jobs.places import Place, Url, files_in, written
from avse.media.output import scratch_folder

DONE = "done-{}.jsonl"
"""Beside the shards: the videos that a part has done."""
CLIPS = "clips.json"
"""Beside the shards: what their clips are like."""
PARTS = 10_000
"""Numbers of parts that each share has, for shares write at the same time, into shards of their own."""


class Begun(NamedTuple):
    """What earlier runs have left."""

    videos: list[dict[str, Any]]
    """Noted as done, by any share."""
    written: frozenset[str]
    """Keys of clips that are there, perhaps of videos that were begun."""
    first: int
    """Number that this run's parts may begin with."""


def keep_to(config: ClipConfig, shards: Place) -> None:
    """Make the folder of the shards, or validate that those in it were cut alike.

    Raises:
        ConfigError: they were not, or the folder is a file.
        MediaError: a place at a URL cannot be read or written.
    """
    try:
        if isinstance(shards, Path):
            shards.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"folder {shards} must be one to write to but is not ({error.strerror}); name another"
        ) from None
    place, wanted = shards / CLIPS, json.loads(json.dumps(asdict(config)))
    if not place.is_file():
        with written(place, force=True) as temporary:
            temporary.write_text(json.dumps(wanted) + "\n", encoding="utf-8")
        return
    with suppress(ValueError):
        there = json.loads(read_text(place))
        if other := {name: value for name, value in there.items() if value != wanted.get(name)}:
            raise ConfigError(
                f"shards in {shards} must all be cut alike but those that are there have {other}; cut alike, or cut "
                "into another folder"
            )


def begin(shards: Place, *, share: tuple[int, int]) -> Begun:
    """Read what earlier runs have left.

    At a URL, shards are put before the list of their videos: those of this share's parts that have no list are of a
    killed run, and are removed, for their videos are cut again.

    Args:
        shards: their folder.
        share: of this run.

    Raises:
        MediaError: a place at a URL cannot be read or written.
    """
    lists = [place for place in files_in(shards, (".jsonl",)) if re.fullmatch(DONE.format(r"\d+"), place.name)]
    videos = [row for place in lists for row in _rows(read_text(place))]
    first = PARTS * (share[0] - 1)
    if isinstance(shards, Path):
        keys = frozenset(written_keys(folder for folder in shards.glob("*") if folder.is_dir()))
        return Begun(videos, keys, first)
    done = {int(place.stem.partition("-")[2]) for place in lists}
    for place in files_in(shards, (".tar",), recursive=True):
        found = re.match(r"part(\d+)-", place.name)
        if found and first <= int(found[1]) < first + PARTS and int(found[1]) not in done:
            urls.remove(str(place))
    own = [number for number in done if first <= number < first + PARTS]
    return Begun(videos, frozenset(), max(own, default=first - 1) + 1)


def _rows(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        with suppress(ValueError):  # the line at which a run was killed: its video is cut again
            row = json.loads(line)
            if isinstance(row, dict) and row.keys() == {"id", "n_clips", "problems", "done"}:
                yield row


@contextmanager
def shards_here(folder: Place, *, number: int) -> Iterator[Path]:
    """Give a folder to cut a part's shards in; for a URL one of this machine, whose files are put at the end.

    Args:
        folder: of all shards.
        number: of the part.

    Raises:
        MediaError: they cannot be put.
    """
    if isinstance(folder, Path):
        yield folder
        return
    with scratch_folder() as here:
        yield here
        for path in sorted(here.glob("*/*.tar")):
            urls.put(path, folder / path.relative_to(here).as_posix())
        # Last, for what is in the list is there.
        urls.put(here / DONE.format(number), Url(folder / DONE.format(number)))
