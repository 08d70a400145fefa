"""The list of long videos: of whom, with what noise, and what happens to the face and the voice on the way."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from avse.errors import ConfigError
from avse.jobs.places import Place, on_disk
from avse.media.output import atomic_write

SEGMENT_S = 3.0
"""Videos are scored, and the face and the voice come and go, in segments of this length."""


@dataclasses.dataclass(frozen=True)
class Interferer:
    """One audio beside the target: a noise, or one other talker."""

    paths: tuple[str, ...]
    """Recordings joined end to end, then looped; none for white noise."""
    offset_s: float = 0.0
    """Where it begins in them."""
    seed: int = 0
    """Of white noise."""


@dataclasses.dataclass(frozen=True)
class LongVideo:
    """One long mixture."""

    id: str
    split: str
    """`test_seen`, `test_unseen`, `valid`, or `synthetic` for generated talkers."""
    speaker: str
    scenario: str
    """`noise`, `talkers`, `silence` (of the target), `leaving` (of the face) or `cut` (to another face)."""
    noise_type: str
    snr_db: float
    """Mean power of the speech, before any of it is muted, over that of the sources."""
    length_s: float
    """Nominal; clips are joined until it is reached."""
    clips: tuple[str, ...]
    """Of the speaker, in order."""
    sources: tuple[Interferer, ...]
    """Each at the same level."""
    stranger_clips: tuple[str, ...]
    """Of another person, in order: the wrong face."""
    muted: tuple[int, ...] = ()
    """Segments in which the target is silent; its mouth is still there, unless the face is hidden."""
    hidden: tuple[int, ...] = ()
    """Segments without a face."""
    replaced: tuple[int, ...] = ()
    """Segments in which the stranger is shown."""


def write_videos(path: Path, videos: Iterable[LongVideo]) -> None:
    """Write a list as JSON lines."""
    with atomic_write(path, force=True) as temporary:
        text = "".join(json.dumps(dataclasses.asdict(video)) + "\n" for video in videos)
        temporary.write_text(text, encoding="utf-8")


def read_videos(place: Place) -> list[LongVideo]:
    """Read what `write_videos` wrote.

    Raises:
        ConfigError: the file is missing or a line is not of such a list.
        MediaError: there is none at a URL, or it cannot be read.
    """
    if isinstance(place, Path) and not place.is_file():
        raise ConfigError(f"list of long videos {place} must exist but does not; run the prepare stage first")
    with on_disk(place) as path:
        return _videos_in(path)


def _videos_in(path: Path) -> list[LongVideo]:
    videos = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            videos.append(_video(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(
                f"{path}:{number} must describe a long video but does not ({error}); delete the list and prepare again"
            ) from None
    return videos


def _video(fields: dict[str, Any]) -> LongVideo:
    lists = {name: tuple(fields[name]) for name in ("clips", "stranger_clips", "muted", "hidden", "replaced")}
    sources = tuple(Interferer(**{**source, "paths": tuple(source["paths"])}) for source in fields["sources"])
    return LongVideo(**{**fields, **lists, "sources": sources})
