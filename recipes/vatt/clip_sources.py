"""What shards are made of: a folder of videos, or the talking faces of a manifest."""

import math
import zlib
from dataclasses import dataclass, field

from avse.clips.captions import Caption, captions_by_video, read_captions
from avse.data.manifest import data_place, read_manifest
from avse.errors import ConfigError
from avse.jobs.places import Place, files_in, name_within, on_disk, under
from avse.media.suffixes import VIDEO


@dataclass(frozen=True)
class ClipSource:
    """A video to cut."""

    id: str
    """Unique, and without dots."""
    path: Place
    split: str
    audio: Place | None = None
    """Where the audio lies, if not in the video."""
    captions: Place | None = None
    text: str | None = None
    """Said in the video, where there is no caption file."""
    about: dict[str, str] = field(default_factory=dict)
    """Kept with every clip."""
    valid_every: int | None = None
    """Every so many clips one is held out, where there is no other video to hold out."""

    def split_of(self, index: int) -> str:
        """Of a clip, by its index."""
        return "valid" if self.valid_every and index % self.valid_every == self.valid_every - 1 else self.split

    def spoken(self) -> tuple[list[Caption], list[str]]:
        """Captions, and what was wrong with them."""
        if self.captions is not None:
            with on_disk(self.captions) as path:
                return read_captions(path)
        return [Caption(0.0, math.inf, self.text)] if self.text else [], []


def videos_in(folder: Place, *, valid_share: float) -> list[ClipSource]:
    """All videos of a folder and the folders in it, with the captions that lie beside them.

    Clips keep the name of the folder that their video lies in, as a label for probes and fine-tuning.

    Args:
        folder: of videos.
        valid_share: share of the videos held out, chosen by their names, so that more videos change nothing for these;
            at least one, and of a single video some of its clips.

    Raises:
        ConfigError: there are no videos.
    """
    paths = files_in(folder, VIDEO, recursive=True)
    if not paths:
        raise ConfigError(f"folder {folder} must hold videos ({' '.join(VIDEO)}) but has none; name another folder")
    chances = {path: _chance(name_within(path, folder)) for path in paths}
    limit = max(valid_share, min(chances.values()) + 2**-33) if valid_share and len(paths) > 1 else valid_share
    captions = {parent: captions_by_video(parent) for parent in {path.parent for path in paths}}
    sources: dict[str, ClipSource] = {}
    for path in paths:
        name = name_within(path, folder)
        key = name.replace(".", "_").replace("/", "__")
        if key in sources:  # "a_b.mp4" after "a.b.mp4"
            key += f"_{zlib.crc32(name.encode()):08x}"
        sources[key] = ClipSource(
            key,
            path,
            "valid" if len(paths) > 1 and chances[path] < limit else "train",
            captions=captions[path.parent].get(path.stem),
            about={"folder": path.parent.name},
            valid_every=max(2, round(1 / valid_share)) if valid_share and len(paths) == 1 else None,
        )
    return list(sources.values())


def _chance(name: str) -> float:
    """A number from 0 to 1 that a name has for ever."""
    return zlib.crc32(name.encode()) / 2**32


def faces_of(manifest: Place) -> list[ClipSource]:
    """The talking faces of a manifest, with the captions beside them or else their sentences.

    Raises:
        ConfigError: the manifest is not valid, or has no talking faces.
    """
    root = data_place()
    items = [item for item in read_manifest(manifest) if item.video]
    folders = {under(root, str(item.video)).parent for item in items}
    captions = {folder: captions_by_video(folder) for folder in folders if folder.is_dir()}
    sources = [
        ClipSource(
            item.id,
            path := under(root, str(item.video)),
            item.split,
            audio=under(root, item.audio) if item.audio != item.video else None,
            captions=captions.get(path.parent, {}).get(path.stem),
            text=item.text,
            about={"speaker": str(item.speaker), "text": item.text or ""},
        )
        for item in items
    ]
    if not sources:
        raise ConfigError(f"manifest {manifest} must have videos with speakers but has none; name another")
    return sources
