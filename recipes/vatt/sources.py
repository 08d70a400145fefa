"""What shards are made of: a folder of films, or the talking faces of a manifest."""

import math
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from avse.data.manifest import data_root, read_manifest
from avse.errors import ConfigError
from avse.media.captions import Caption, find_captions, read_captions
from avse.media.video import FILMS, films_under


@dataclass(frozen=True)
class Source:
    """A film to cut."""

    id: str
    """Unique, and without dots."""
    path: Path
    split: str
    sound: Path | None = None
    """Where the sound lies, if not in the film."""
    captions: Path | None = None
    text: str | None = None
    """Said in the film, where there is no caption file."""
    about: dict[str, str] = field(default_factory=dict)
    """Kept with every clip."""

    def spoken(self) -> tuple[list[Caption], list[str]]:
        """Captions, and what was wrong with them."""
        if self.captions is not None:
            return read_captions(self.captions)
        return [Caption(0.0, math.inf, self.text)] if self.text else [], []


def films_in(folder: Path, *, valid_share: float) -> list[Source]:
    """All films of a folder and the folders in it, with the captions that lie beside them.

    Args:
        folder: of films.
        valid_share: share of the films held out, chosen by their names, so that more films change nothing for these.

    Raises:
        ConfigError: there are no films.
    """
    paths = films_under(folder)
    if not paths:
        raise ConfigError(f"folder {folder} must hold films ({' '.join(FILMS)}) but has none; name another folder")
    sources = []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        held_out = zlib.crc32(name.encode()) / 2**32 < valid_share
        sources.append(
            Source(
                name.replace(".", "_").replace("/", "__"),
                path,
                "valid" if held_out else "train",
                captions=find_captions(path),
            )
        )
    return sources


def faces_of(manifest: Path) -> list[Source]:
    """The talking faces of a manifest, with the captions beside them or else their sentences.

    Raises:
        ConfigError: the manifest is not valid, or has no talking faces.
    """
    root = data_root()
    sources = [
        Source(
            item.id,
            root / item.video,
            item.split,
            sound=root / item.audio if item.audio != item.video else None,
            captions=find_captions(root / item.video),
            text=item.text,
            about={"speaker": str(item.speaker), "text": item.text or ""},
        )
        for item in read_manifest(manifest)
        if item.video
    ]
    if not sources:
        raise ConfigError(f"manifest {manifest} must have films with speakers but has none; name another")
    return sources
